import { Argument, InvalidArgumentError } from "commander";
import { grantAnalyst } from "../warehouse/analysts/grant.ts";
import { migrate } from "../warehouse/migrate.ts";
import { postgresProtocols, readServerUrl, withoutPlaceholder } from "../domain/server-url.ts";
import { offer } from "./completion/offer.ts";
import { UsageError } from "./errors.ts";
import { examples, type Register } from "./frame.ts";
import { asWrongUse } from "./usage.ts";

const minutes = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= 1_440)) throw new InvalidArgumentError("minutes, from 1 to 1440");
  return value;
};

const connectionCount = (text: string): number => {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= 1_000))
    throw new InvalidArgumentError("a number from 1 to 1000");
  return value;
};

/** Where the role connects to, without costper's own password. */
const connection = (databaseUrl: string, name: string): string => {
  const url = readServerUrl(databaseUrl, postgresProtocols);
  if (!url) return "";
  url.username = encodeURIComponent(name);
  url.password = "";
  url.searchParams.delete("password");
  return withoutPlaceholder(url);
};

export const register: Register = (command, act) => {
  command
    .addArgument(offer(new Argument("<kind>", "what the role is for: analyst"), ["analyst"]))
    .argument("<name>", "the name of the role; made if it is not there")
    .option("--timeout <minutes>", "a query is ended after so long", minutes, 5)
    .option("--connections <number>", "connections that it may have at once", connectionCount, 10)
    .addHelpText(
      "after",
      examples(
        ["costper grant analyst ann", "may read marts, warehouse and ad_reporting, nothing else"],
        ["costper grant analyst bi --timeout 30", "with half an hour for a query"],
      ),
    )
    .action(
      act<{ timeout: number; connections: number }>(
        async ({ globals, out, openApp }, { timeout, connections }, kind, name = "") => {
          if (kind !== "analyst")
            throw new UsageError(`there is no role for ${kind ?? ""}`, "did you mean analyst?");
          const { config, database, databaseUrl } = await openApp({ connections: 2 });
          await migrate(database);
          const { password, stillOpen } = await grantAnalyst(database, {
            name,
            statementTimeoutMs: timeout * 60_000,
            connections,
            ownServer: config.database === undefined,
          }).catch(asWrongUse);
          const url = connection(databaseUrl, name);
          if (globals.json)
            return out.json({
              role: name,
              created: password !== undefined,
              password: password ?? null,
              url,
              still_open: stillOpen,
            });
          out.text(
            password === undefined
              ? `${name} may read marts, warehouse and ad_reporting; its password is as it was`
              : `${name} may read marts, warehouse and ad_reporting. Its password, shown this once: ${password}`,
          );
          out.text(`psql ${JSON.stringify(url)}`);
          if (stillOpen.length > 0)
            out.text("Postgres lets every role do these, and costper's own may not take them away:");
          for (const { what, sql } of stillOpen) out.text(`  ${what}\n    ${sql};`);
        },
      ),
    );
};
