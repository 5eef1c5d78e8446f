/** The addresses of the views, with their names in the navigation; each of them is the same document. */
export const pagePaths = {
  "/": "Overview",
  "/breakdown": "Breakdown",
  "/truth": "Claim and truth",
  "/day": "A day’s history",
  "/excluded": "Excluded",
  "/health": "Health",
  "/alerts": "Alerts",
  "/dictionary": "Dictionary",
} as const;

export type PagePath = keyof typeof pagePaths;
