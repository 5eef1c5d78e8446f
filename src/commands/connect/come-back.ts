import { setTimeout as sleep } from "node:timers/promises";
import type { Consent, Redirect, SignedIn } from "../../connectors/sign-in.ts";
import { Failure } from "../../domain/failure.ts";
import type { Asker } from "../ask.ts";
import type { Loopback } from "./loopback.ts";

interface Waiting {
  readonly platform: string;
  readonly redirect: Redirect;
  readonly redirectUri: string;
  readonly signal: AbortSignal;
  /** The longest that a person may take. */
  readonly waitMs: number;
  readonly say: (line: string) => void;
}

/** After so long without an answer a person may be looking at the platform's own error page. */
const hintAfterMs = 60_000;

const nobody = ({ platform, redirect, redirectUri, waitMs }: Waiting): Failure =>
  new Failure({
    kind: "request",
    platform,
    code: "no_redirect",
    message: `nobody came back from the consent page within ${String(Math.round(waitMs / 1_000))} s; nothing was kept`,
    remedy: `where the page showed an error, register ${redirectUri} (${redirect.where}); where the browser is on another machine, use --manual`,
  });

/** Waits for the browser on this machine, in the end in vain. @throws Failure */
export const fromBrowser = async (
  loopback: Loopback,
  consent: Consent,
  waiting: Waiting,
): Promise<URLSearchParams> => {
  const done = new AbortController();
  const hint = sleep(hintAfterMs, undefined, { signal: done.signal, ref: false }).then(
    () =>
      waiting.say(
        `Still waiting. Where the page shows an error, register this address and begin again: ${waiting.redirectUri} (${waiting.redirect.where}).`,
      ),
    () => undefined,
  );
  const late = AbortSignal.timeout(waiting.waitMs);
  try {
    return await loopback.answer(
      (answer) => consent.belongs(answer),
      AbortSignal.any([waiting.signal, late]),
    );
  } catch (error) {
    waiting.signal.throwIfAborted();
    throw late.aborted ? nobody(waiting) : error;
  } finally {
    done.abort();
    await hint;
  }
};

/** The part of a pasted address that answers; undefined where it is no address. */
const queryOf = (text: string): URLSearchParams | undefined => {
  const question = text.indexOf("?");
  if (question < 0) return undefined;
  // Meta ends its addresses with #_=_.
  return new URLSearchParams(text.slice(question + 1).replace(/#.*$/, ""));
};

/** Takes what a person pastes, until it is an answer to this consent page. @throws Failure at the end of the input */
export const fromPaste = async (asker: Asker, consent: Consent, waiting: Waiting): Promise<SignedIn> => {
  const else_ = consent.pasted ? `, or ${consent.pasted.what}` : "";
  const late = AbortSignal.timeout(waiting.waitMs);
  for (;;) {
    const line = asker.line(`Paste the address that the browser ended on${else_}: `, {
      secret: consent.pasted?.secret ?? false,
    });
    const text = await Promise.race([
      line,
      new Promise<never>((_, reject) => {
        late.addEventListener("abort", () => reject(nobody(waiting)), { once: true });
      }),
    ]);
    if (text === undefined) throw nobody(waiting);
    if (text === "") continue;
    const query = queryOf(text);
    if (query !== undefined && consent.belongs(query)) return consent.finish(query);
    const other = query === undefined ? consent.pasted?.finish(text) : undefined;
    if (other !== undefined) return other;
    waiting.say(
      query === undefined
        ? `That is no address: it begins with ${waiting.redirectUri} and has a question mark in it.`
        : "That address does not answer this consent page: open the address above, and paste where it leads.",
    );
  }
};
