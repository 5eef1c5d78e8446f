/** The ranges that people ask for every day, by the names that the API knows them by. */
export const ranges = [
  ["yesterday", "Yesterday"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["this_month", "This month"],
  ["last_month", "Last month"],
  ["quarter", "This quarter"],
  ["year", "This year"],
  ["90d", "Last 90 days"],
  ["365d", "Last 365 days"],
  ["1095d", "Last 3 years"],
] as const;

export const comparisons = [
  ["previous", "The period before"],
  ["year", "The same days last year"],
  ["none", "Nothing"],
] as const;
