/** The addresses of the views, with their names in the navigation (null: reached by links alone); each of them is the same document. */
export const pagePaths = {
  "/": "Overview",
  "/breakdown": "Breakdown",
  "/campaign": null,
  "/truth": "Claim and truth",
  "/day": "A day’s history",
  "/excluded": "Excluded",
  "/health": "Health",
  "/alerts": "Alerts",
  "/dictionary": "Dictionary",
} as const;

export type PagePath = keyof typeof pagePaths;
