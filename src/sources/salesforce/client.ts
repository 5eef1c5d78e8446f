import * as z from "zod";
import type { TextAnswer } from "../../connectors/wire/exchange.ts";
import { jsonOrUndefined } from "../../connectors/wire/json.ts";
import { retryAfterMs } from "../../connectors/wire/retry-after.ts";
import { baseUrl } from "../../connectors/settings.ts";
import { Failure } from "../../domain/failure.ts";
import { clientTokens } from "../client-token.ts";
import type { SourceContext } from "../source.ts";
import { openWire } from "../wire.ts";
import type { SalesforceSettings } from "./type.ts";

export interface SalesforceClient {
  /** @param path below the version (`/queryAll?q=...`), or a whole one as Salesforce gave it (`/services/data/...`). */
  get<Schema extends z.ZodType>(path: string, schema: Schema, signal: AbortSignal): Promise<z.output<Schema>>;
  /** The org's calls of the day, as the last answer told; undefined: none did. */
  usage(): { readonly used: number; readonly most: number } | undefined;
}

// Messages quote queries and values: of them only the name of a missing field is read.
const errorsShape = z.array(z.object({ errorCode: z.string(), message: z.string().nullish() })).min(1);
const missingField = /No such column '([\w.]{1,80})'/;

const hourMs = 3_600_000;

/** Passing troubles that come under any status. */
const passing: ReadonlySet<string> = new Set(["SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"]);

/** What a query is told that cannot go on as it is; whoever sent it knows another way. */
export const queryTimeout = "QUERY_TIMEOUT";
export const staleLocator = "INVALID_QUERY_LOCATOR";

/** What an answer that is no success means ("Status Codes and Error Responses"). */
const failureOf = (
  { status, headers, text }: TextAnswer,
  { call, name, now }: { readonly call: string; readonly name: string; readonly now: Date },
): Failure => {
  const [said] = errorsShape.safeParse(jsonOrUndefined(text)).data ?? [];
  const code =
    said !== undefined && /^[A-Z0-9_]{1,80}$/.test(said.errorCode) ? said.errorCode : String(status);
  const field = missingField.exec(said?.message ?? "")?.[1];
  const about = {
    status,
    code,
    message: `source ${name}, ${call}: Salesforce answered ${String(status)}${code === String(status) ? "" : ` ${code}`}${field === undefined ? "" : ` for ${field}`}`,
  };
  const waitMs = status === 503 || status === 429 ? retryAfterMs(headers.get("retry-after"), now) : undefined;
  if (code === "REQUEST_LIMIT_EXCEEDED" || status === 429 || waitMs !== undefined)
    return new Failure({
      ...about,
      kind: "busy",
      scope: "platform",
      remedy: "nothing: it goes on when the limit is over",
      retryAt: new Date(now.getTime() + (waitMs ?? hourMs)),
    });
  if (code === queryTimeout || code === staleLocator)
    return new Failure({ ...about, kind: "request", remedy: "report it to costper" });
  if (passing.has(code) || status >= 500 || status === 406 || status === 408)
    return new Failure({ ...about, kind: "transient", remedy: "it is tried again" });
  if (status === 401)
    return new Failure({
      ...about,
      kind: "credentials",
      remedy: `check the external client app of sources.${name}.clientId, and that its run-as user is active`,
    });
  if (status === 403 || code === "INVALID_TYPE" || (status === 404 && call.endsWith("/describe")))
    return new Failure({
      ...about,
      kind: "account",
      remedy: "give the run-as user API Enabled, and read on Lead and Opportunity",
    });
  if (code === "INVALID_FIELD")
    return new Failure({
      ...about,
      kind: "request",
      remedy: "let the run-as user read the field (field-level security), or name another",
    });
  return new Failure({
    ...about,
    kind: "request",
    remedy:
      status === 404
        ? `check sources.${name}.apiVersion: the version may have ended`
        : "report it to costper",
  });
};

/** Of the org's day the part that is used by then belongs to everybody. */
const largestShare = 0.8;

/** The host of the org's data, as the sign-in named it. @throws Failure `data` */
const instanceOf = (written: string | undefined, name: string): string => {
  const url = baseUrl.safeParse(written).data;
  if (url !== undefined) return new URL(url).origin;
  throw new Failure({
    kind: "data",
    message: `source ${name}: Salesforce named no instance_url`,
    remedy: "report it to costper",
  });
};

export const createSalesforceClient = (
  settings: SalesforceSettings,
  context: SourceContext,
): SalesforceClient => {
  const { name, now } = context;
  const { domain, clientId, clientSecret, apiVersion, timeoutSeconds, endpoints } = settings;
  const wire = openWire(context, { timeoutSeconds, concurrency: 1, longestWaitMs: 60_000 });
  const withToken = clientTokens(context, {
    label: "Salesforce",
    url: `${endpoints.login ?? `https://${domain}.my.salesforce.com`}/services/oauth2/token`,
    clientId,
    clientSecret,
    timeoutSeconds,
    remedy: `check domain, clientId and clientSecret of sources.${name}, and that the app's client credentials flow has a run-as user`,
  });
  let usage: { readonly used: number; readonly most: number } | undefined;

  const note = ({ headers }: TextAnswer): void => {
    const [, used, most] = /\bapi-usage=(\d+)\/(\d+)/.exec(headers.get("sforce-limit-info") ?? "") ?? [];
    if (used !== undefined) usage = { used: Number(used), most: Number(most) };
  };

  const leaveTheRest = (): void => {
    if (usage === undefined || usage.used < usage.most * largestShare) return;
    throw new Failure({
      kind: "busy",
      scope: "platform",
      message: `source ${name}: ${String(usage.used)} of the Salesforce org's ${String(usage.most)} calls of the day are used; the rest is left to others`,
      remedy: "nothing: it goes on when there are more",
      retryAt: new Date(now().getTime() + hourMs),
    });
  };

  return {
    usage: () => usage,
    get: async (path, schema, signal) => {
      leaveTheRest();
      const call = (path.split("?")[0] ?? path).replace(/^\/services\/data\/v[\d.]+/, "");
      // The last part of a next page is a locator.
      const told = /^\/query(All)?\//.test(call) ? "/queryAll" : call;
      const { body } = await withToken(signal, ({ accessToken, instanceUrl }) =>
        wire.ask({
          call: told,
          schema,
          signal,
          sent: async () => ({
            url: `${instanceOf(instanceUrl, name)}${path.startsWith("/services/") ? path : `/services/data/v${apiVersion}${path}`}`,
            headers: { authorization: `Bearer ${accessToken}`, accept: "application/json" },
          }),
          judge: (answer) => {
            note(answer);
            return answer.status === 200 ? undefined : failureOf(answer, { call: told, name, now: now() });
          },
        }),
      );
      return body;
    },
  };
};
