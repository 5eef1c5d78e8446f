/**
 * The sum of an amount, in SQL: unknown as soon as one of its parts is, so that a day without a rate makes no sum that is
 * too small. The views of marts over weeks, months and ads say the same.
 */
export const wholeSum = (amount: string): string =>
  `case when count(*) = count(${amount}) then sum(${amount}) end`;
