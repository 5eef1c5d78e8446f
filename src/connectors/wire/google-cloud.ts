import * as z from "zod";

/** Why Google's front end let no request through to the API, which its answer is about and not any account. */
export interface CloudRefusal {
  readonly reason: "SERVICE_DISABLED" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT";
  readonly remedy: string;
}

const errorInfo = z.looseObject({
  reason: z.string().optional().catch(undefined),
  metadata: z
    .looseObject({
      consumer: z.string().optional().catch(undefined),
      service: z.string().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

const disabled = new Set(["SERVICE_DISABLED", "CONSUMER_INVALID"]);

/**
 * Reads `google.rpc.ErrorInfo` among an error's details. Older front ends write the same into the message alone, with
 * the number of the project in it: then the sentence is all there is.
 * @param api what has to be enabled and asked for, where the answer does not say
 */
export const cloudRefusal = (
  error: { readonly message?: string | undefined; readonly details?: readonly unknown[] | undefined },
  api: { readonly service: string; readonly scope: string; readonly setting: string },
): CloudRefusal | undefined => {
  const infos = (error.details ?? []).flatMap((detail) => {
    const parsed = errorInfo.safeParse(detail);
    return parsed.success ? [parsed.data] : [];
  });
  const info = infos.find(({ reason }) => reason !== undefined);
  const message = error.message ?? "";
  if (
    info?.reason === "ACCESS_TOKEN_SCOPE_INSUFFICIENT" ||
    /insufficient authentication scopes/i.test(message)
  )
    return {
      reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
      remedy: `the token lacks the scope ${api.scope}: give it when signing in again, and set ${api.setting} anew`,
    };
  const said = /has not been used in project (\S+)/i.exec(message)?.[1];
  if (!disabled.has(info?.reason ?? "") && said === undefined) return undefined;
  const project = info?.metadata?.consumer?.replace(/^projects\//, "") ?? said;
  const service = info?.metadata?.service ?? api.service;
  return {
    reason: "SERVICE_DISABLED",
    remedy: `enable ${service} in the Google Cloud project ${project ?? "that the credentials belong to"}, and wait some minutes: https://console.cloud.google.com/apis/library/${service}${project === undefined ? "" : `?project=${project}`}`,
  };
};
