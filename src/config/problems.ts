/** One thing that is wrong with the configuration. */
export interface Problem {
  /** Where: `connectors.meta.accessToken`, `alerts[0].window`, or `costper.yaml:12` for a line. */
  readonly path: string;
  /** What is wrong and what to do about it, without any secret. */
  readonly message: string;
}

/** The configuration cannot be used; holds every problem that was found. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  readonly file: string;

  constructor(file: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "a problem" : `${String(problems.length)} problems`;
    super(`the configuration ${file} has ${count}`);
    this.name = "ConfigError";
    this.file = file;
    this.problems = problems;
  }

  /** A heading and one line a problem. */
  lines(): string[] {
    return [`costper: ${this.message}`, ...this.problems.map(({ path, message }) => `  ${path}: ${message}`)];
  }
}

/** A path as people write it: dots between keys, zero-based numbers in brackets. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${String(part)}]` : text ? `${text}.${String(part)}` : String(part),
    "",
  );
