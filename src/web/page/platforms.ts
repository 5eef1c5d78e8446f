import type { PagePlatform } from "../api/answers.ts";

let known: readonly PagePlatform[] | undefined;

/** The ad platforms, in their usual order; the server writes them into the document. */
export const platforms = (): readonly PagePlatform[] =>
  (known ??= JSON.parse(document.getElementById("platforms")?.textContent || "[]") as PagePlatform[]);

/** The platform's name for people. */
export const platformName = (platform: string): string =>
  platforms().find(({ name }) => name === platform)?.label ?? platform;
