/** The addresses of the views; every one of them is the same document. */
export const pagePaths = [
  "/",
  "/breakdown",
  "/day",
  "/excluded",
  "/health",
  "/alerts",
  "/dictionary",
] as const;

export type PagePath = (typeof pagePaths)[number];
