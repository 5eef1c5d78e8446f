import { type Kysely, sql } from "kysely";
import { configuredAccounts, type ConnectorSettings, profiles } from "../connectors/registry.ts";
import { type Schedule, scheduleOf } from "../domain/schedule.ts";
import { type Missing, readMissing } from "../metrics/missing.ts";
import type { Morning, Side } from "../metrics/morning/answer.ts";
import { morning } from "../metrics/morning/morning.ts";
import { amountText, decimalsOf, periodText } from "../metrics/morning/text.ts";
import { type Read, reading } from "../warehouse/reading.ts";
import type { DigestBody } from "../alerts/notice/digest.ts";
import type { DB } from "../warehouse/schema.ts";

/** The part of the configuration that a digest is made of. */
export interface DigestConfig {
  readonly connectors: ConnectorSettings;
  readonly reportingCurrency?: string | undefined;
  readonly schedule?: string | undefined;
  readonly timezone?: string | undefined;
}

const labelOf = (platform: string): string =>
  profiles().find(({ name }) => name === platform)?.label ?? platform;

type Group = Morning["groups"][number];

const costText = ({ reported }: Side, currency: string): string =>
  reported.cost_per_conversion === null
    ? "no conversion"
    : amountText(reported.cost_per_conversion, currency, decimalsOf(currency, reported.cost_per_conversion));

const expectedLines = ({ all, currency }: Group): readonly string[] => {
  const { is_final, expected, reported } = all;
  const { cost_per_conversion: cost, conversions } = expected;
  if (is_final || cost === null || conversions === null || reported.conversions === null) return [];
  const decimals = decimalsOf(currency, cost);
  return [
    `${amountText(cost, currency, decimals)} per conversion once late conversions are in, which is how earlier days ripened`,
  ];
};

const moverLine = ({ platform, campaign_name, campaign_id, text }: Group["movers"][number]): string =>
  `${campaign_name ?? (campaign_id === "" ? "without a campaign" : campaign_id)} (${labelOf(platform)}) ${text}`;

const firingLines = async (read: Read): Promise<readonly string[]> => {
  const rows = await read<{ rule: string; what: string | null }>(sql`
    select rule, coalesce(labels ->> 'campaign_name', labels ->> 'campaign_id', labels ->> 'account_id',
                          labels ->> 'platform') as what
    from ops.alert where state = 'firing'
    order by array_position(array['critical', 'warning', 'info'], severity), since desc limit 6`);
  const said = rows.slice(0, 5).map(({ rule, what }) => (what === null ? rule : `${rule}: ${what}`));
  return rows.length > 5 ? [...said, "and more: costper alerts list"] : said;
};

const missingLines = (told: Morning, missing: readonly Missing[]): readonly string[] => [
  ...missing.map(({ text, remedy }) => `${text}; ${remedy}`),
  ...told.fresh.behind
    .filter(({ platform, account_id }) =>
      missing.every((one) => one.platform !== platform || (one.account_id ?? account_id) !== account_id),
    )
    .map(
      ({ platform, account_id, account_name, cause }) =>
        `${labelOf(platform)} ${account_name ?? account_id} is not in these figures${cause === null ? "" : `: ${cause}`}`,
    ),
  ...(told.against?.left_out ?? []).map(
    ({ platform, account_id, account_name, reason }) =>
      `${labelOf(platform)} ${account_name ?? account_id} is not in the comparison: it ${reason}`,
  ),
];

const titleOf = ({ period, groups }: Morning): string => {
  if (period === null) return "No figures yet";
  const costs = groups.map(({ all, currency }) => costText(all, currency));
  const [only] = costs;
  const when = periodText(period);
  if (only === undefined) return `${when}: nothing was spent`;
  return only === "no conversion" && costs.length === 1
    ? `${when}: no paid conversion is known`
    : `${when}: a paid conversion cost ${costs.join(", ")}`;
};

/** What a digest says: what it cost, what changed and why, what is missing and what is expected. */
export const digestBodyOf = (
  told: Morning,
  missing: readonly Missing[],
  firing: readonly string[],
): DigestBody => {
  const several = told.groups.length > 1;
  const headed = (heading: string, currency: string): string =>
    several ? `${heading} (${currency})` : heading;
  const sections = [
    ...told.groups.flatMap((group) => [
      { heading: headed("What it cost", group.currency), lines: [group.all.words.cost] },
      {
        heading: headed("Why it changed", group.currency),
        lines: group.all.compared?.drivers.map(({ text }) => text) ?? [],
      },
      {
        heading: headed("By platform", group.currency),
        lines: group.platforms.map(
          (side) =>
            `${labelOf(side.platform ?? "")}: ${costText(side, group.currency)}. ${side.words.change}`,
        ),
      },
      {
        heading: headed("Campaigns that moved it most", group.currency),
        lines: group.movers.map(moverLine),
      },
      { heading: headed("What is expected", group.currency), lines: expectedLines(group) },
    ]),
    { heading: "What is missing", lines: missingLines(told, missing) },
    { heading: "Alerts that are firing", lines: firing },
  ];
  return {
    version: 1,
    status: "digest",
    title: titleOf(told),
    figures: told.groups.map(({ all, currency }) => ({
      figure: costText(all, currency),
      label: `per paid conversion, ${told.period === null ? "" : periodText(told.period)}`,
      change: all.words.change,
    })),
    sections: sections.filter(({ lines }) => lines.length > 0),
    fresh: told.fresh.text,
    data: { ...told, missing },
  };
};

/** Reads what there is to tell, all from one moment. */
export const composeDigest = (options: {
  readonly db: Kysely<DB>;
  readonly config: DigestConfig;
  readonly days: number;
  readonly now: Date;
}): Promise<DigestBody> => {
  const { db, config, days, now } = options;
  const configured = configuredAccounts(config.connectors);
  const schedule: Schedule = scheduleOf(config);
  return reading(db, async (read) => {
    const told = await morning({
      read,
      now,
      configured,
      timeZone: schedule.timeZone,
      money: { reporting: config.reportingCurrency ?? null },
      days,
    });
    const missing = await readMissing({ read, configured, schedule, now });
    return digestBodyOf(told, missing, await firingLines(read));
  });
};
