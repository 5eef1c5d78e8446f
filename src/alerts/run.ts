import type { Kysely } from "kysely";
import type { Day } from "../domain/day.ts";
import { type ConnectorSettings, configuredAccounts } from "../connectors/registry.ts";
import { scheduleOf } from "../domain/schedule.ts";
import { readMissing } from "../metrics/missing.ts";
import { reading } from "../warehouse/reading.ts";
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
  /** The platforms that figures are expected of; absent: nothing is known to be missing. */
  readonly connectors?: ConnectorSettings | undefined;
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
  const schedule = scheduleOf(config);
  // Rules are evaluated on what is there: whoever is told must know what is not.
  const missing =
    rules.length === 0 || config.connectors === undefined
      ? []
      : await reading(db, (read) =>
          readMissing({ read, configured: configuredAccounts(config.connectors ?? {}), schedule, now }),
        );
  const evaluation = await evaluateAlerts({
    db,
    rules,
    notifiers,
    now,
    asOf,
    reportingCurrency,
    schedule,
    missing: missing.map(({ text }) => text),
  });
  const delivered = await deliverDue({ db, notifiers, now, atOnce });
  return { ...evaluation, ...delivered };
};
