import { createConnectors } from "../../app.ts";
import type { TokenStore } from "../../connectors/connector.ts";
import type { PlatformSettings, SourceProfile } from "../../connectors/platform.ts";
import type { Reached, SignIn, SignInContext } from "../../connectors/sign-in.ts";
import { jsonOrUndefined } from "../../connectors/wire/json.ts";
import type { Frame } from "../frame.ts";

/** The grant that was in use last: as it is kept, and what of it a setting holds. */
export interface Newest {
  readonly grant: string;
  readonly expiresAt: Date | undefined;
  readonly refreshToken: string | undefined;
}

/** Remembers the grants of this process alone: nothing may be kept before the accounts are known. */
const memoryStore = (): TokenStore & { newest(): Newest | undefined } => {
  const kept = new Map<string, string>();
  let last: Omit<Newest, "refreshToken"> | undefined;
  return {
    read: async (key) => kept.get(key),
    write: async (key, secret, expiresAt) => {
      kept.set(key, secret);
      last = { grant: secret, expiresAt: expiresAt ?? last?.expiresAt };
    },
    newest: () => {
      const grant = last && (jsonOrUndefined(last.grant) as { readonly refreshToken?: string } | undefined);
      return last && { ...last, refreshToken: grant?.refreshToken };
    },
  };
};

/**
 * The accounts that a new token reaches, asked with that token alone. An account that does not answer is reached all
 * the same: `costper doctor` says what is wrong with it.
 * @throws Failure where none can be listed.
 */
export const reachedAccounts = async (
  { log, signal }: Pick<Frame, "log" | "signal">,
  source: SourceProfile,
  signIn: SignIn<unknown>,
  settings: unknown,
  context: SignInContext,
): Promise<{ readonly accounts: readonly Reached[]; readonly newest: Newest | undefined }> => {
  const tokens = memoryStore();
  const accounts: Reached[] = [];
  const connected = async function* (): AsyncIterable<Reached> {
    const connectors = { [source.name]: settings as PlatformSettings };
    const connector = await createConnectors({ config: { connectors }, log, maxWaitMs: 60_000, tokens })(
      source.name,
    );
    for await (const { id, name, currency } of connector.accounts(signal)) yield { id, name, currency };
  };
  for await (const account of signIn.reached?.(settings, context) ?? connected()) accounts.push(account);
  return { accounts, newest: tokens.newest() };
};
