/**
 * An X account has no currency of its own. Each currency of its funding instruments is an account here: the oldest
 * one under X's own id, each further one as `<id>:<CUR>`.
 */

export interface AccountPart {
  /** X's own id. */
  readonly ownId: string;
  /** Of a further currency only. */
  readonly currency: string | undefined;
}

export const accountPart = (id: string): AccountPart => {
  const [ownId = "", currency] = id.split(":");
  return { ownId, currency };
};

/** X's own id means all of its currencies. */
export const namesPart = (bare: string, accountId: string): boolean =>
  bare === accountId || (!bare.includes(":") && bare === accountPart(accountId).ownId);

/** X's ids are as X writes them; a currency may be written in any case. */
export const bareId = (written: string): string => {
  const [id = "", currency] = written.trim().split(":");
  return currency === undefined ? id : `${id}:${currency.toUpperCase()}`;
};
