import ipaddr from "ipaddr.js";
import { isLoopbackHost, isPublicAddress } from "../../domain/hosts.ts";

/** What is wrong with the URL of a webhook, or undefined. Names are looked up again when a notice is delivered. */
export const targetProblem = (text: string, allowPrivate: boolean): string | undefined => {
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.username !== "" || url.password !== "") return "must not carry a user or password";
  if (isLoopbackHost(host))
    return /^https?:$/.test(url.protocol) ? undefined : "must be an http or https URL";
  if (url.protocol !== "https:") return "must be an https URL (http only on loopback)";
  if (!allowPrivate && ipaddr.isValid(host) && !isPublicAddress(host))
    return "is a private address; set allowPrivate: true where that is meant";
  return undefined;
};
