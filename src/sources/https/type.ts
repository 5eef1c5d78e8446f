import * as z from "zod";
import { byteSize, commonSettings, csvSettings, readingSettings, readingProblems } from "../settings.ts";
import type { SourceType } from "../source.ts";

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

export const httpsSettings = z
  .strictObject({
    type: z.literal("https"),
    ...commonSettings,
    ...readingSettings,
    ...csvSettings,
    url: z.string().min(1).describe("{today} {yesterday} {from} {to} are days in the config's time zone."),
    headers: z.record(z.string(), z.string()).default({}),
    maxBytes: byteSize.default(50_000_000).describe("Of the answer, unpacked."),
    missing: z.enum(["fail", "ok"]).default("fail").describe("ok: 404 is no news."),
    allowPrivate: z.boolean().default(false).describe("Addresses of the company's own network may answer."),
  })
  .superRefine(({ url, allowPrivate }, context) => {
    const plain = url.replaceAll(/\{(today|yesterday|from|to)\}/g, "2026-01-01");
    const message = (): string | undefined => {
      if (!URL.canParse(plain)) return "must be an https URL";
      const { protocol, hostname, username, password } = new URL(plain);
      if (username !== "" || password !== "") return "holds a password; put it into headers";
      if (protocol !== "https:" && !(protocol === "http:" && allowPrivate && isLoopback(hostname)))
        return "must be an https URL (http only on loopback, with allowPrivate)";
      const unknown = /\{[^}]*\}/.exec(plain);
      return unknown === null ? undefined : `${unknown[0]} is none of {today}, {yesterday}, {from}, {to}`;
    };
    const wrong = message();
    if (wrong !== undefined) context.addIssue({ code: "custom", path: ["url"], message: wrong });
  });

export type HttpsSettings = z.infer<typeof httpsSettings>;

/** A CSV that a server gives out. */
export const https = {
  name: "https",
  label: "HTTPS",
  settings: httpsSettings,
  problems: readingProblems,
  secrets: ["headers"],
} as const satisfies SourceType<HttpsSettings>;
