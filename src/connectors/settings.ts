import * as z from "zod";
import type { BreakdownName } from "../domain/breakdown.ts";

/** Parts that the settings of several connectors share. */

/** An id or name that YAML may have read as a number. */
export const idText = z
  .union([z.string().min(1), z.number().int().safe(), z.bigint()], { error: "must be a name or an id" })
  .transform((value) => String(value));

/** Account ids in any of their written forms; absent: every account that the credentials reach. */
export const accountList = z.array(idText).min(1).optional();

/** Days pulled again each night, in place of the platform's own restatement window. */
export const lookback = z.number().int().min(1).max(1_125).optional();

/** What campaign-days are split by beyond networks, out of what the platform offers. Each costs requests of its own. */
export const breakdownList = <const Offered extends BreakdownName>(...offered: readonly Offered[]) =>
  z
    .array(z.enum(offered, { error: `must be one of ${offered.join(", ")}` }))
    .default([])
    .describe("Splits campaign-days by these too; each takes requests of its own.");

/** For a platform that offers none. @param why ends the sentence "has no breakdowns: ..." */
export const noBreakdowns = (why: string) =>
  z
    .array(z.string())
    .refine((list) => list.length === 0, `must be left out: the platform has no breakdowns, since ${why}`)
    .default([])
    .describe("This platform offers none.");

/** A request is given up when nothing has come for so long. */
export const requestTimeout = z.number().min(1).max(600).default(45);

/** Scheme, host and port of a platform; plain http only on this machine. */
export const baseUrl = z
  .string()
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
    return url.protocol === "https:" || (url.protocol === "http:" && loopback);
  }, "must be an https URL (http only on loopback)")
  .transform((text) => text.replace(/\/+$/, ""));
