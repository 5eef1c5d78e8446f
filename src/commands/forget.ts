import { InvalidArgumentError } from "commander";
import { eraseLeads } from "../imports/ledger/erase.ts";
import { firstPartySettings } from "../metrics/first-party/config.ts";
import { rollUpFirstParty } from "../metrics/first-party.ts";
import { migrate } from "../warehouse/migrate.ts";
import { inTransaction } from "../warehouse/transaction.ts";
import { exitStatus, UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";

interface ForgetOptions {
  readonly source?: string;
  readonly emailSha256?: string;
}

const hash = (text: string): string => {
  if (!/^[0-9a-f]{64}$/i.test(text))
    throw new InvalidArgumentError("A SHA-256 is 64 hex digits, over the trimmed, lower-cased address.");
  return text.toLowerCase();
};

export const register: Register = (command, act) => {
  command
    .argument("[id...]", "ids of leads, as the CRM or the imported file has them")
    .option("--source <name>", "the ids are those of this source; omitted: of any source or file")
    .option("--email-sha256 <hash>", "the leads with this hash of an e-mail address", hash)
    .addHelpText(
      "after",
      examples(
        ["costper forget 51202 --source crm", "a contact of the source crm"],
        ["costper forget L-2026-17", "a lead that was imported by file"],
      ),
    )
    .action(
      // The ids come as one list: commander gives a variadic argument as an array.
      act<ForgetOptions>(async ({ globals, out, loadConfig, openApp }, options, ...args) => {
        const ids = args.flat();
        if (ids.length === 0 && options.emailSha256 === undefined)
          throw new UsageError("nobody is named", "name ids of leads, or --email-sha256 HASH");
        const config = await loadConfig();
        const { source } = options;
        if (source !== undefined && config.sources[source] === undefined)
          throw new UsageError(
            `--source ${source} is not in the config`,
            `configured: ${Object.keys(config.sources).join(", ") || "none"}`,
          );
        const named =
          source === undefined ? Object.entries(config.sources) : [[source, config.sources[source]] as const];
        const prefixes = named.map(([name, settings]) => settings?.idPrefix ?? `${name}:`);
        // Of any origin: as it is written, and with the prefix of each source.
        const written = [
          ...new Set(
            ids.flatMap((id) => [
              ...(source === undefined ? [id] : []),
              ...prefixes.map((prefix) => `${prefix}${id}`),
              id,
            ]),
          ),
        ];
        const app = await openApp();
        await migrate(app.database);
        const erased = await inTransaction(app.database.pool, (client) =>
          eraseLeads(client, {
            where: `($3::text is null or l.source_name = $3) and (
              l.lead_id = any ($1) or l.email_sha256 = $2
              or l.lead_id in (select alias_of from warehouse.lead_alias where lead_id = any ($1)))`,
            parameters: [written, options.emailSha256 ?? null, source ?? null],
            timeZone: config.timezone,
          }),
        );
        if (erased > 0)
          await rollUpFirstParty({ database: app.database, settings: firstPartySettings(config) });
        if (globals.json) out.json({ erased });
        else
          out.text(
            erased === 0
              ? "No lead of that id or hash is known; nothing was changed."
              : `${String(erased)} ${erased === 1 ? "lead is" : "leads are"} anonymous now; the figures stay.`,
          );
        return erased === 0 ? exitStatus.failed : exitStatus.done;
      }),
    );
};
