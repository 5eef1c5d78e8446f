/**
 * `${NAME}` and `${NAME:-default}`. They are taken out of the text before YAML reads it and put back into the
 * values afterwards: a secret with quotes, braces or newlines in it then cannot change what the file says, and
 * an unquoted reference may stand inside `{ ... }`.
 */
export interface Reference {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly written: string;
}

const pattern = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}\n]*))?\}/g;

// Two characters of Unicode's private use area, which no config has a reason to hold.
const open = "\ue000";
const close = "\ue001";
const marks = /\ue000(\d+)\ue001/g;

/** The text with every reference replaced by a mark that YAML reads as plain text. */
export const takeOut = (text: string): { text: string; references: readonly Reference[] } => {
  const references: Reference[] = [];
  const marked = text
    .replaceAll(/[\ue000\ue001]/g, "")
    .replaceAll(pattern, (written, name: string, fallback?: string) => {
      references.push({ name, fallback, written });
      return `${open}${String(references.length - 1)}${close}`;
    });
  return { text: marked, references };
};

/** The text as it was written, for keys and messages. */
export const restore = (text: string, references: readonly Reference[]): string =>
  text.replaceAll(marks, (_, index: string) => references[Number(index)]?.written ?? "");

/** A value with its references filled in, and the names that the environment does not have. */
export const fillIn = (
  text: string,
  references: readonly Reference[],
  env: Readonly<Record<string, string | undefined>>,
): { text: string; unset: readonly string[]; names: readonly string[] } => {
  const unset: string[] = [];
  const names: string[] = [];
  const filled = text.replaceAll(marks, (_, index: string) => {
    const reference = references[Number(index)];
    if (!reference) return "";
    names.push(reference.name);
    const value = env[reference.name];
    if (reference.fallback !== undefined) return value ? value : reference.fallback;
    if (value === undefined) unset.push(reference.name);
    return value ?? "";
  });
  return { text: filled, unset, names };
};
