import { randomBytes } from "node:crypto";
import { Failure } from "../../domain/failure.ts";
import type { SignedIn, SignIn, SignInContext } from "../sign-in.ts";
import { accessRefused, sameSecret } from "../wire/authorization-code.ts";
import { exchange } from "../wire/exchange.ts";
import { authorization, type Credentials, type Parameters } from "./oauth.ts";
import type { XSettings } from "./settings.ts";

const about = { platform: "x", label: "X" } as const;

const redirect = {
  host: "127.0.0.1",
  exact: true,
  outOfBand: true,
  where: "X developer portal, your app, User authentication settings, Callback URI",
} as const;

const outOfBand = "oob";

/** Asks one of the three calls of OAuth 1.0a, signed with what there is so far. Form encoded, both ways. */
const ask = async (
  settings: XSettings,
  call: "request_token" | "access_token",
  credentials: Credentials,
  further: Parameters,
  { signal, now, redactor }: SignInContext,
): Promise<URLSearchParams> => {
  const url = `${settings.endpoints.oauth}/oauth/${call}`;
  const { status, text } = await exchange(
    {
      url,
      method: "POST",
      headers: {
        authorization: authorization({
          method: "POST",
          url,
          parameters: {},
          credentials,
          further,
          nonce: randomBytes(16).toString("hex"),
          epochSeconds: Math.floor(now().getTime() / 1_000),
        }),
      },
      body: "",
      call,
      platform: "x",
      signal,
      idleMs: settings.timeoutSeconds * 1_000,
      timeoutSetting: "connectors.x.timeoutSeconds",
    },
    1_000_000,
  );
  const answer = new URLSearchParams(text);
  redactor.add(answer.get("oauth_token") ?? "", answer.get("oauth_token_secret") ?? "");
  if (status === 200 && answer.get("oauth_token") && answer.get("oauth_token_secret")) return answer;
  const refuses = status >= 400 && status < 500 && status !== 429;
  throw new Failure({
    kind: refuses ? "credentials" : "transient",
    platform: "x",
    status,
    code: String(status),
    message:
      `X gave no token: ${call} answered ${String(status)} ${redactor.redact(text.replaceAll(/\s+/g, " ").slice(0, 200))}`.trimEnd(),
    remedy: !refuses
      ? "run costper connect x again"
      : call === "request_token"
        ? `check connectors.x.consumerKey and consumerSecret, the clock of this machine, and that the address is registered (${redirect.where})`
        : "run costper connect x again: what the page shows is good once, and for minutes",
  });
};

/** "Obtaining Access Tokens using 3-legged OAuth flow" and "PIN-based authorization". */
export const signIn: SignIn<XSettings> = {
  needs: [
    {
      key: "consumerKey",
      where: "X developer portal, an app with access to the Ads API, Keys and tokens",
      secret: true,
    },
    { key: "consumerSecret", where: "beside the consumer key, on the same page", secret: true },
  ],
  fills: ["accessToken", "accessTokenSecret"],
  redirect,
  reachesNothing:
    "sign in as a user with at least the role Campaign analyst on an ad account (ads.x.com, Edit access to account)",
  begin: async (settings, context) => {
    const { consumerKey, consumerSecret } = settings;
    const consumer = { consumerKey, consumerSecret };
    // Without a browser on this machine X shows a PIN instead of sending the browser anywhere.
    const callback = context.manual ? outOfBand : context.redirectUri;
    const requested = await ask(settings, "request_token", consumer, { oauth_callback: callback }, context);
    if (requested.get("oauth_callback_confirmed") !== "true")
      throw new Failure({
        kind: "credentials",
        platform: "x",
        code: "callback",
        message: "X does not confirm the callback address",
        remedy: `register ${callback} (${redirect.where})`,
      });
    const requestToken = requested.get("oauth_token") ?? "";
    const requestSecret = requested.get("oauth_token_secret") ?? "";

    const finish = async (verifier: string): Promise<SignedIn> => {
      context.redactor.add(verifier);
      const answer = await ask(
        settings,
        "access_token",
        { ...consumer, accessToken: requestToken, accessTokenSecret: requestSecret },
        { oauth_verifier: verifier },
        context,
      );
      const name = answer.get("screen_name");
      return {
        kept: {
          accessToken: answer.get("oauth_token") ?? "",
          accessTokenSecret: answer.get("oauth_token_secret") ?? "",
        },
        notes: [
          `The token${name ? ` of @${name.replaceAll(/\W/g, "")}` : ""} has no end: it lives until the user revokes the app's access.`,
        ],
      };
    };

    return {
      address: `${settings.endpoints.oauth}/oauth/authorize?oauth_token=${encodeURIComponent(requestToken)}`,
      // OAuth 1.0a has no state: the request token, which X gave to nobody else, stands in for it.
      belongs: (answer) => sameSecret(answer.get("oauth_token") ?? answer.get("denied"), requestToken),
      finish: async (answer) => {
        if (answer.has("denied")) throw accessRefused(about, "denied", "the user refused", context);
        const verifier = answer.get("oauth_verifier");
        if (!verifier)
          throw accessRefused(about, "no_verifier", "the address has no oauth_verifier", context);
        return finish(verifier);
      },
      ...(context.manual && {
        pasted: {
          what: "the PIN that the page shows",
          secret: false,
          finish: (text: string) => (/^\d{4,12}$/.test(text) ? finish(text) : undefined),
        },
      }),
    };
  },
};
