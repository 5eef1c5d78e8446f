/** Google's APIs indent their answers, which doubles them, unless they are asked not to (Cloud APIs, System Parameters). */
export const withoutIndents = "prettyPrint=false";

/** Asks an address, with the parameter as long as it is taken. */
export type AskCompactly = <Answer extends { readonly status: number; close?(): void }>(
  url: string,
  ask: (url: string) => Promise<Answer>,
) => Promise<Answer>;

/** The parameter only saves bytes: a server that knows no address with it is asked without, from then on. */
export const createAskCompactly = (): AskCompactly => {
  let isTaken = true;
  return async (url, ask) => {
    const answer = await ask(isTaken ? `${url}?${withoutIndents}` : url);
    if (!isTaken || answer.status !== 404) return answer;
    answer.close?.();
    const plain = await ask(url);
    if (plain.status !== 404) isTaken = false;
    return plain;
  };
};
