import { join, relative } from "node:path";
import { ga4 } from "../connectors/ga4/source.ts";
import type { SourceProfile } from "../connectors/platform.ts";
import { profiles } from "../connectors/registry.ts";
import { packageRoot } from "../package-root.ts";
import { version } from "../version.ts";

/** What `costper init` is told, by questions, options or nobody. */
export interface InitChoices {
  /** Names of `connectors`; absent: all of them, to choose from. */
  readonly sources?: readonly string[] | undefined;
  readonly reportingCurrency?: string | undefined;
  readonly timezone?: string | undefined;
}

/** Where editors find the schema: beside a package that is installed here, else as it is published. */
const schemaAddress = (folder: string): string => {
  const installed = relative(folder, join(packageRoot, "costper.schema.json")).replaceAll("\\", "/");
  return installed.startsWith("node_modules/")
    ? `./${installed}`
    : `https://unpkg.com/costper@${version}/costper.schema.json`;
};

/** A part that few want: to be taken up by removing the marks. */
const commentedOut = (yaml: string): string => yaml.replaceAll(/^ {2}(?=\S| {2})/gm, "  # ");

/** What there may be in `connectors`. */
export const initSources = (): readonly SourceProfile[] => [...profiles(), ga4];

/** The config file: every key with what it means and what leaving it out means. */
const configTemplate = (
  folder: string,
  { sources: chosen, reportingCurrency, timezone = "UTC" }: InitChoices,
): string => `# yaml-language-server: $schema=${schemaAddress(folder)}
# costper: what a paid conversion really costs.
# \${NAME} is filled in from the environment; the .env file beside this one is read first.
# \`costper doctor\` checks everything here; the line above lets editors check it too.

# PostgreSQL 15 or newer. Empty or left out: an embedded one, kept in ./.costper/postgres.
# Or { url, password, connections, ca }: any characters in the password, the most connections of a process, a private authority's file.
database: \${DATABASE_URL:-}

# Redis, for workers on several machines; or postgres:// past a pooler. Empty or left out: the queue lives in the database.
queue: \${REDIS_URL:-}

# Spend is converted into this currency too, at the daily rates of the European Central Bank, which come by themselves;
# \`costper import rates\` brings in those of other currencies. Left out: every account's own currency only.
${reportingCurrency === undefined ? "# reportingCurrency: EUR" : `reportingCurrency: ${reportingCurrency}`}

# The nightly sync (cron), and whose clock it runs on. Accounts keep their own reporting time zones.
timezone: ${timezone}
schedule: "30 3 * * *"

# Days pulled again each night. Left out: as far back as each platform may still revise its figures.
# lookbackDays: 30

${chosen === undefined ? "# Remove the platforms that you do not use.\n" : ""}connectors:
${initSources()
  .filter(({ name }) => chosen?.includes(name) ?? true)
  .map(({ name, template }) =>
    chosen === undefined && name === ga4.name ? commentedOut(template.yaml) : template.yaml,
  )
  .join("")}
# The company's own systems: leads, won deals, calls and costs that come by themselves (docs/sources.md).
# sources:
#   crm:                                # or salesforce; liveagent for calls and contacts; sql, https and file for anything else
#     type: hubspot
#     token: \${HUBSPOT_SERVICE_KEY}
#     leads: { stages: {}, score: { field: contact_score } }   # your own stages by what they mean: { "153180554": sales_qualified }
#   erp:
#     type: sql
#     connection: \${ERP_DATABASE_URL}  # PostgreSQL, with a role that may only read
#     queries:
#       - kind: leads                   # as in costper import; columns: { ours: yours }
#         query: select nr as lead_id, arrived as created_at, gclid from customers where changed >= :since
#   drop: { type: file, path: "inbox/leads-*.csv", kind: leads, after: move }

# The company's own conversions, leads and costs (costper import), and what counts as paid among them.
# firstParty:
#   ownHosts: [shop.example]            # no referrers; a change reaches what was imported before, at the next rollup
#   unwantedReferrers: [pay.example]    # pages that only send buyers back
#   affiliatesArePaid: false            # true only where their commissions are imported as a cost
#   ga4KeyEvents: []                    # conversion names taken from GA4 rather than from imports

# What KPIs of docs/kpis.md should come to in each month; the dashboard shows whether they are on track.
# targets:
#   - { kpi: cost_per_conversion, of: first_party, target: 40 }

# Where alerts go: slack, webhook or email.
# notifiers:
#   team: { type: slack, url: "\${SLACK_WEBHOOK_URL}" }
#   ops:  { type: webhook, url: "https://example.com/hook", secret: "\${HOOK_SECRET}" }
#   mail: { type: email, smtp: "\${SMTP_URL}", from: costper@example.com, to: [team@example.com] }

# What is watched.
# alerts:
#   - name: meta-too-expensive
#     metric: cost_per_conversion   # or projected_cost_per_conversion, spend, conversions, cost_per_click, conversion_rate, return_on_ad_spend
#     by: campaign                  # platform, account, campaign, network, action; left out: one figure for all
#     where: { platform: meta }
#     window: 7d                    # whole days of the account
#     settle: 2d                    # youngest days left out, since their conversions still come in
#     above: 40                     # or below: N, changeAbove: 30%, changeBelow: 30%
#     currency: EUR
#     minSpend: 50
#     severity: critical            # info, warning, critical
#     notify: [team]
#   - name: stale
#     metric: freshness             # hours since the end of the last good day; also sync_failure, reconciliation_difference
#     above: 36                     # left out: as soon as a night that was due did not bring its day
#     notify: [ops]

# What changed, in words, with what drove it and what is missing: \`costper digest --print\` shows it.
# digest:
#   every: day                    # or week, then on: monday
#   at: "08:00"
#   timezone: Europe/Copenhagen   # left out: timezone above
#   notify: [mail]

# The dashboard. Beyond this machine only with a token.
web: { host: 127.0.0.1, port: 8787, token: "\${COSTPER_WEB_TOKEN:-}" }
`;

/** The variables of the template, with a word on where each comes from. */
const environmentTemplate = ({
  sources: chosen,
}: InitChoices): readonly (readonly [name: string, comment: string])[] => [
  ["DATABASE_URL", "postgresql://user:password@host:5432/database; empty: embedded"],
  ["REDIS_URL", "redis://host:6379; empty: the queue lives in the database"],
  ...initSources()
    .filter(({ name }) => chosen?.includes(name) ?? name !== ga4.name)
    .flatMap(({ template }) => template.environment),
  ["COSTPER_WEB_TOKEN", "what a reader of the dashboard must show; needed off this machine"],
];

/** What `costper init` writes into a folder: the part of every source that was chosen. */
export const initTemplate = (folder: string, choices: InitChoices = {}) => ({
  config: configTemplate(folder, choices),
  environment: environmentTemplate(choices),
});
