/** Takes the secrets that it knows of out of texts that others wrote. */
export interface Redactor {
  add(...secrets: readonly (string | undefined)[]): void;
  redact(this: void, text: string): string;
}

export const createRedactor = (...known: readonly (string | undefined)[]): Redactor => {
  const secrets = new Set<string>();
  const add: Redactor["add"] = (...more) => {
    for (const secret of more) if (secret !== undefined && secret.length >= 4) secrets.add(secret);
  };
  add(...known);
  return {
    add,
    redact: (text) => [...secrets].reduce((rest, secret) => rest.replaceAll(secret, "***"), text),
  };
};
