import * as z from "zod";
import { platforms } from "../../connectors/registry.ts";
import { idText } from "../../connectors/settings.ts";
import { isDuration, wholeDays } from "./duration.ts";
import { targetProblem } from "./target.ts";

/** `notifiers` and `alerts` of costper.yaml, field by field; what concerns several fields is in `problems.ts`. */

const url = z.string().min(1);

const checkTarget = (
  { url: text, allowPrivate }: { url: string; allowPrivate: boolean },
  context: z.RefinementCtx,
): void => {
  const message = targetProblem(text, allowPrivate);
  if (message !== undefined) context.addIssue({ code: "custom", path: ["url"], message });
};

const address = z.string().regex(/^[^\s@<>,]+@[^\s@<>,]+$/, "is not an e-mail address");

const slack = z
  .strictObject({ type: z.literal("slack"), url, allowPrivate: z.boolean().default(false) })
  .superRefine(checkTarget);

const webhook = z
  .strictObject({
    type: z.literal("webhook"),
    url,
    /** Key of the signature; without one, notices go out unsigned. */
    secret: z.string().min(1).optional(),
    allowPrivate: z.boolean().default(false),
  })
  .superRefine(checkTarget);

const email = z.strictObject({
  type: z.literal("email"),
  smtp: z.string().regex(/^smtps?:\/\/[^\s/]+/, "must be an smtp:// or smtps:// URL"),
  from: z
    .string()
    .min(3)
    .regex(/^\P{Cc}+$/u, "must be one line"),
  to: z.union([z.array(address).min(1), address.transform((one) => [one])], {
    error: "must be e-mail addresses",
  }),
});

const notifier = z.discriminatedUnion("type", [slack, webhook, email], {
  error: "must be slack, webhook or email",
});

export const notifierSettings = z.record(z.string().min(1).max(100), notifier);

export type Notifier = z.infer<typeof notifier>;
export type Notifiers = z.infer<typeof notifierSettings>;

/** Figures of the marts, one per campaign, account ... and window. */
export const figureMetrics = [
  "cost_per_conversion",
  "projected_cost_per_conversion",
  "spend",
  "conversions",
  "cost_per_click",
  "conversion_rate",
  "return_on_ad_spend",
] as const;

/** What costper knows of its own work, one figure per account. */
export const operationMetrics = ["freshness", "sync_failure", "reconciliation_difference"] as const;

export type FigureMetric = (typeof figureMetrics)[number];
export type OperationMetric = (typeof operationMetrics)[number];

const metrics = [...figureMetrics, ...operationMetrics] as const;

const metricError = (input: unknown): string =>
  typeof input === "string" && /^(projected_)?cpc$/i.test(input)
    ? `\`${input}\` means cost per click to some and cost per conversion to others: say cost_per_click or cost_per_conversion`
    : `must be one of ${metrics.join(", ")}`;

export const seriesKeys = ["platform", "account", "campaign", "network", "action"] as const;
export type SeriesKey = (typeof seriesKeys)[number];

const decimalText = (pattern: RegExp, message: string) =>
  z
    .union([z.number(), z.string()], { error: message })
    .transform((value) => String(value).trim())
    .refine((text) => pattern.test(text), message);

const amount = decimalText(/^-?\d{1,12}(\.\d{1,12})?$/, "must be a number");
const positive = decimalText(/^\d{1,12}(\.\d{1,12})?$/, "must be a number, 0 or more");
const percent = decimalText(/^\d{1,6}(\.\d{1,6})?\s*%$/, "must be a percentage, such as 30%");

const days = z
  .string({ error: "must be whole days, such as 7d" })
  .refine((text) => wholeDays(text) !== undefined, "must be whole days, such as 7d");
const someDays = days.refine((text) => wholeDays(text) !== 0, "must be at least 1d");

const listOf = <T extends z.ZodType>(item: T, message: string) =>
  z.union([item, z.array(item).min(1)], { error: message });

/** Made when it is asked for: it names the platforms that there are. */
const rule = () =>
  z.strictObject({
    name: z.string().min(1).max(200),
    metric: z.enum(metrics, { error: ({ input }) => metricError(input) }),
    by: listOf(z.enum(seriesKeys), `must be one of ${seriesKeys.join(", ")}`).optional(),
    where: z
      .strictObject({
        platform: listOf(z.enum(platforms), `must be one of ${platforms.join(", ")}`).optional(),
        account: listOf(idText, "must be a name or an id, or a list of them").optional(),
        campaign: listOf(idText, "must be a name or an id, or a list of them").optional(),
        network: listOf(idText, "must be a name or an id, or a list of them").optional(),
        action: listOf(idText, "must be a name or an id, or a list of them").optional(),
        source: listOf(idText, "must be a source's name, or a list of them")
          .optional()
          .describe("A source of first-party data, for freshness and sync_failure."),
      })
      .prefault({}),
    window: someDays.default("7d"),
    settle: days.default("0d"),
    above: amount.optional(),
    below: amount.optional(),
    changeAbove: percent.optional(),
    changeBelow: percent.optional(),
    anomaly: z.strictObject({ sensitivity: positive.default("3") }).optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, "must be the three letters of a currency, such as EUR")
      .optional(),
    minSpend: positive.default("0"),
    minConversions: positive.default("0"),
    for: days.default("0d"),
    repeat: z
      .string({ error: "must be a length of time, such as 24h" })
      .refine((value) => isDuration(value) && !/^0+\D/.test(value), "must be a length of time, such as 24h")
      .optional(),
    severity: z.enum(["info", "warning", "critical"]).default("warning"),
    /** Without any, the rule is kept and listed, and said to nobody. */
    notify: z.array(z.string().min(1)).default([]),
  });

export const alertSettings = () => z.array(rule());

export type AlertSettings = z.infer<ReturnType<typeof rule>>;
export type Metric = AlertSettings["metric"];
