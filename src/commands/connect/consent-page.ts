import { createServer } from "node:net";
import type { SourceProfile } from "../../connectors/platform.ts";
import type { SignedIn, SignIn, SignInContext } from "../../connectors/sign-in.ts";
import type { Asker } from "../ask.ts";
import type { Frame } from "../frame.ts";
import { openBrowser } from "./browser.ts";
import { fromBrowser, fromPaste } from "./come-back.ts";
import { listenForRedirect } from "./loopback.ts";

/** How a person wants to go to the consent page and back. */
export interface ConnectOptions {
  readonly manual?: boolean;
  readonly port?: number;
  readonly browser: boolean;
  readonly wait: number;
}

/** A port that is free at this moment, for an address that only a person will read. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

/** The consent page from its address to what came of it. */
export const goThrough = async (
  frame: Frame,
  {
    source,
    signIn,
    settings,
    asker,
  }: {
    readonly source: SourceProfile;
    readonly signIn: SignIn<unknown>;
    readonly settings: unknown;
    readonly asker: Asker;
  },
  options: ConnectOptions,
  context: Omit<SignInContext, "redirectUri" | "manual">,
  say: (line: string) => void,
): Promise<SignedIn> => {
  const manual = options.manual ?? false;
  const loopback = manual ? undefined : await listenForRedirect(options.port ?? 0);
  if (loopback) frame.onEnd(() => loopback.close());
  const port = loopback?.port ?? options.port ?? (await freePort());
  const { redirect } = signIn;
  const redirectUri = `http://${redirect.host}:${String(port)}/`;
  if (redirect.exact && !(manual && redirect.outOfBand))
    say(
      `${source.label} sends the browser only to addresses that are registered: ${redirectUri} must be among them (${redirect.where}). --port keeps the number the same.`,
    );
  const consent = await signIn.begin(settings, { ...context, redirectUri, manual });
  say(manual ? "Open this page in a browser, and allow the access:" : "Allow the access on this page:");
  say(consent.address);
  const waiting = {
    platform: source.name,
    redirect,
    redirectUri,
    signal: frame.signal,
    waitMs: options.wait,
    say,
  };
  if (!loopback) return fromPaste(asker, consent, waiting);
  if (options.browser) openBrowser(consent.address, frame.env);
  const answer = await fromBrowser(loopback, consent, waiting);
  await loopback.close();
  return consent.finish(answer);
};
