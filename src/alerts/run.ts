import type { Kysely } from "kysely";
import type { Day } from "../domain/day.ts";
import { scheduleOf } from "../domain/schedule.ts";
import type { DB } from "../warehouse/schema.ts";
import { type Delivered, deliverDue } from "./deliver/deliver.ts";
import { evaluateAlerts, type Evaluation } from "./evaluate.ts";
import type { AlertSettings, Notifiers } from "./rule/settings.ts";

/** The part of the configuration that alerts are made of. */
export interface AlertsConfig {
  readonly alerts: readonly AlertSettings[];
  readonly notifiers: Notifiers;
  readonly reportingCurrency?: string | undefined;
  readonly schedule?: string | undefined;
  readonly timezone?: string | undefined;
}

/** Evaluates every rule, then delivers what is due: what a check does, and the night after its rollups. */
export const runAlerts = async (options: {
  readonly db: Kysely<DB>;
  readonly config: AlertsConfig;
  readonly now: Date;
  /** Evaluates as of the end of this day. */
  readonly asOf?: Day | undefined;
  /** Also tries again what a receiver lately refused. */
  readonly atOnce?: boolean;
}): Promise<Evaluation & Delivered> => {
  const { db, config, now, asOf, atOnce = false } = options;
  const { alerts: rules, notifiers, reportingCurrency } = config;
  const evaluation = await evaluateAlerts({
    db,
    rules,
    notifiers,
    now,
    asOf,
    reportingCurrency,
    schedule: scheduleOf(config),
  });
  const delivered = await deliverDue({ db, notifiers, now, atOnce });
  return { ...evaluation, ...delivered };
};
