import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import type pg from "pg";
import type { Logger } from "pino";
import * as z from "zod";
import type { TokenStore } from "../connectors/connector.ts";
import { alone } from "./lease.ts";
import { writeWhole } from "./whole-file.ts";

/** A credential that a person must renew before long. */
export interface Expiring {
  /** `platform:fingerprint`. */
  readonly key: string;
  readonly expiresAt: Date;
  readonly days: number;
}

/** When a platform's token ends. */
export interface TokenEnd {
  readonly platform: string;
  readonly expiresAt: Date;
}

/** Keeps rotated tokens, and says which of them a person must renew soon. */
export interface CredentialStore extends TokenStore {
  alone<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Of each platform whose token ends some day, by platform: of the credential that was renewed last. */
  ends(): Promise<readonly TokenEnd[]>;
  /** Each at most once for 30, 14 and 3 days before its end. */
  expiring(now: Date): Promise<readonly Expiring[]>;
}

const platformOfKey = (key: string): string => key.split(":")[0] ?? key;

/** Days before the end at which a person is warned. */
const warnings = [3, 14, 30] as const;

const dayMs = 86_400_000;

/** Whole days until a token ends; below 0 once it has ended. */
export const daysLeft = (expiresAt: Date, now: Date): number =>
  Math.floor((expiresAt.getTime() - now.getTime()) / dayMs);

const warningDue = (
  expiresAt: Date,
  warned: number | null,
  now: Date,
): { readonly days: number; readonly threshold: number } | undefined => {
  const days = daysLeft(expiresAt, now);
  const threshold = warnings.find((limit) => days <= limit);
  return threshold !== undefined && (warned === null || warned > threshold) ? { days, threshold } : undefined;
};

const nonceBytes = 12;
const tagBytes = 16;

/** Nonce, tag, text. */
export const seal = (key: Buffer, text: string): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
};

/** @throws where the key is another or the bytes were altered. */
export const unseal = (key: Buffer, sealed: Buffer): string => {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes));
  decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString(
    "utf8",
  );
};

/** Any text makes a key; a short one costs a guesser a little more by scrypt. */
export const secretKey = (text: string): Buffer => scryptSync(text, "costper.credential", 32);

/** One process at a time renews a token: the platform takes the old one from whoever comes second. */
const aloneOn =
  (pool: pg.Pool): CredentialStore["alone"] =>
  (key, work) =>
    alone(pool, `credential ${key}`, work);

/** A credential that was replaced in the config stays behind under its own key: the newest one is in use. */
export const inUse = `(
  select distinct on (split_part(key, ':', 1)) split_part(key, ':', 1) as platform, key, expires_at, warned_days
  from ops.credential order by split_part(key, ':', 1), changed_at desc
) newest`;

/** In `ops.credential`, encrypted. */
export const sealedCredentials = (pool: pg.Pool, key: Buffer, log: Logger): CredentialStore => ({
  alone: aloneOn(pool),
  async read(name) {
    const { rows } = await pool.query<{ secret: Buffer }>(
      "select secret from ops.credential where key = $1",
      [name],
    );
    const secret = rows[0]?.secret;
    if (!secret) return undefined;
    try {
      return unseal(key, secret);
    } catch {
      log.warn(
        { credential: name },
        "a kept token cannot be read with this COSTPER_SECRET_KEY: the configured one is used",
      );
      return undefined;
    }
  },
  async write(name, secret, expiresAt) {
    await pool.query(
      `insert into ops.credential as c (key, secret, expires_at) values ($1, $2, $3)
       on conflict (key) do update
       set secret = excluded.secret, expires_at = coalesce(excluded.expires_at, c.expires_at), changed_at = now(),
           warned_days = case when excluded.expires_at > c.expires_at + interval '1 day' then null
                              else c.warned_days end`,
      [name, seal(key, secret), expiresAt ?? null],
    );
  },
  async ends() {
    const { rows } = await pool.query<{ platform: string; expires_at: Date }>(
      `select platform, expires_at from ${inUse} where expires_at is not null order by platform`,
    );
    return rows.map(({ platform, expires_at }) => ({ platform, expiresAt: expires_at }));
  },
  async expiring(now) {
    const { rows } = await pool.query<{ key: string; expires_at: Date; warned_days: number | null }>(
      `select key, expires_at, warned_days from ${inUse} where expires_at < $1::timestamptz + interval '31 days'`,
      [now],
    );
    const due: Expiring[] = [];
    for (const row of rows) {
      const warning = warningDue(row.expires_at, row.warned_days, now);
      if (!warning) continue;
      await pool.query("update ops.credential set warned_days = $2 where key = $1", [
        row.key,
        warning.threshold,
      ]);
      due.push({ key: row.key, expiresAt: row.expires_at, days: warning.days });
    }
    return due;
  },
});

const fileShape = z.record(
  z.string(),
  z.object({
    secret: z.string(),
    expiresAt: z.string().optional(),
    changedAt: z.string().optional(),
    warnedDays: z.number().optional(),
  }),
);

type Kept = z.infer<typeof fileShape>;

/** As `inUse` says of the table. */
const newestOf = (all: Kept): readonly (readonly [key: string, kept: Kept[string]])[] => {
  const newest = new Map<string, readonly [string, Kept[string]]>();
  for (const entry of Object.entries(all)) {
    const before = newest.get(platformOfKey(entry[0]));
    if (!before || (before[1].changedAt ?? "") <= (entry[1].changedAt ?? ""))
      newest.set(platformOfKey(entry[0]), entry);
  }
  return [...newest.values()];
};

/** Without a key: in a file that only its owner reads. One process at a time changes it. */
export const fileCredentials = (pool: pg.Pool, file: string, log: Logger): CredentialStore => {
  let warned = false;
  const load = async (): Promise<Kept> => {
    const text = await readFile(file, "utf8").catch(() => "{}");
    const parsed = fileShape.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : {};
  };
  const change = (edit: (all: Kept) => void): Promise<void> =>
    aloneOn(pool)("file", async () => {
      const all = await load();
      edit(all);
      await writeWhole(file, JSON.stringify(all, null, 2), { mode: 0o600 });
    });
  return {
    alone: aloneOn(pool),
    read: async (name) => (await load())[name]?.secret,
    async write(name, secret, expiresAt) {
      if (!warned)
        log.warn(
          { file },
          "COSTPER_SECRET_KEY is not set: rotated tokens are kept unencrypted in a file that only its owner reads",
        );
      warned = true;
      await change((all) => {
        const before = all[name];
        const expires = expiresAt?.toISOString() ?? before?.expiresAt;
        const isLater =
          before?.expiresAt !== undefined &&
          expiresAt !== undefined &&
          expiresAt.getTime() > Date.parse(before.expiresAt) + dayMs;
        const warnedDays = isLater ? undefined : before?.warnedDays;
        all[name] = {
          secret,
          changedAt: new Date().toISOString(),
          ...(expires !== undefined && { expiresAt: expires }),
          ...(warnedDays !== undefined && { warnedDays }),
        };
      });
    },
    async ends() {
      return newestOf(await load())
        .flatMap(([key, { expiresAt }]) =>
          expiresAt === undefined ? [] : [{ platform: platformOfKey(key), expiresAt: new Date(expiresAt) }],
        )
        .sort((one, other) => (one.platform < other.platform ? -1 : 1));
    },
    async expiring(now) {
      const due: Expiring[] = [];
      const dueNow = (all: Kept) =>
        newestOf(all).flatMap(([key, entry]) => {
          if (entry.expiresAt === undefined) return [];
          const expiresAt = new Date(entry.expiresAt);
          const warning = warningDue(expiresAt, entry.warnedDays ?? null, now);
          return warning ? [{ key, entry, expiresAt, ...warning }] : [];
        });
      if (dueNow(await load()).length > 0)
        await change((all) => {
          for (const { key, entry, expiresAt, days, threshold } of dueNow(all)) {
            all[key] = { ...entry, warnedDays: threshold };
            due.push({ key, expiresAt, days });
          }
        });
      return due;
    },
  };
};
