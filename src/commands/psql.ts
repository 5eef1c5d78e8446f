import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openWarehouse } from "../app.ts";
import type { Config } from "../config.ts";
import { libpqEnvironment } from "../warehouse/connection/libpq.ts";
import { exitStatus } from "./errors.ts";
import { examples, type Frame, type Register } from "./frame.ts";
import { findPsql } from "./psql/find.ts";

type Place = Pick<Config, "database" | "embedded" | "folder">;

/** The database of the config; in a folder that has none but was the demo's, the demo's. */
const placeOf = async ({ cwd, env, globals, loadConfig }: Frame): Promise<Place> => {
  const isNamed = globals.config !== undefined || Boolean(env["COSTPER_CONFIG"]);
  const isDemo =
    !isNamed && !existsSync(join(cwd, "costper.yaml")) && existsSync(join(cwd, ".costper", "postgres.json"));
  return isDemo ? { database: undefined, embedded: {}, folder: cwd } : loadConfig();
};

/** Runs the program in the foreground, as a shell would, and gives its status; undefined where a signal ended it. */
const inForeground = (
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<number | undefined> =>
  new Promise((ended, reject) => {
    const child = spawn(program, args, { env, stdio: "inherit" });
    const end = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", end, { once: true });
    child.once("error", reject);
    child.once("exit", (status) => {
      signal.removeEventListener("abort", end);
      ended(status ?? undefined);
    });
  });

export const register: Register = (command, act) => {
  command
    .argument("[args...]", "what psql is given, after --")
    .addHelpText(
      "after",
      examples(
        ["costper psql", "a prompt at the warehouse; the embedded Postgres runs as long as it is open"],
        ['costper psql -- -c "select * from marts.cost_per_conversion_daily limit 5"', "one question"],
        ["costper psql -- --csv -f question.sql > answer.csv", "a file of them"],
      ),
    )
    .action(
      act<object>(async (frame, _options, ...words) => {
        const { env, signal, onEnd, leaveInterrupts } = frame;
        const program = await findPsql(env);
        // Whatever is wrong with the database is said in costper's words.
        const { place, close } = await openWarehouse(await placeOf(frame), { connections: 1 });
        onEnd(close);
        leaveInterrupts();
        const status = await inForeground(
          program,
          words.flat(),
          { ...env, ...libpqEnvironment(place) },
          signal,
        );
        signal.throwIfAborted();
        return status === 0 ? exitStatus.done : exitStatus.failed;
      }),
    );
};
