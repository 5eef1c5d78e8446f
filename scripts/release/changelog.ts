const heading = "## Unreleased\n";

/** The changelog with what is unreleased under the new version, and a new empty part above it. @throws RangeError */
export const cutChangelog = (text: string, version: string, day: string): string => {
  const at = text.indexOf(heading);
  const rest = text.slice(at + heading.length);
  const end = rest.indexOf("\n## ");
  const body = (end < 0 ? rest : rest.slice(0, end)).trim();
  if (at < 0 || body === "") throw new RangeError("CHANGELOG.md has nothing under Unreleased");
  if (text.includes(`## ${version} `)) throw new RangeError(`CHANGELOG.md has a version ${version} already`);
  return `${text.slice(0, at)}${heading}\n## ${version} (${day})\n\n${body}\n${end < 0 ? "" : rest.slice(end)}`;
};

/** Whether `next` is a later version than `last`: three numbers each. */
export const isLater = (next: string, last: string): boolean => {
  const [a, b] = [next, last].map((text) => text.split(".").map(Number));
  const at = (a ?? []).findIndex((part, index) => part !== b?.[index]);
  return at >= 0 && (a?.[at] ?? 0) > (b?.[at] ?? 0);
};
