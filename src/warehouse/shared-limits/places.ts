import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Room, SharedLimits } from "../../connectors/wire/limits.ts";
import { interrupted, unlessAborted } from "../../connectors/wire/exchange.ts";
import type { Platform } from "../../domain/platform.ts";
import { often } from "../connection/client.ts";
import { isGone, leaseSeconds, newHolder, renewMs } from "../lease.ts";

/** How often whoever waits looks whether a place is free. */
const lookMs = 100;

/**
 * A place goes on to the next request of its account at once. Another account of this process gets it where it has no
 * other, the accounts of other processes when it was held, or idle, for so long.
 */
const heldMs = 1_000;
const idleMs = 150;

/** A database that does not answer any more is not waited for. */
const closeMs = 2_000;

interface Place {
  readonly id: string;
  readonly platform: Platform;
  /** Since when this process has had it, for whichever accounts. */
  readonly takenAt: number;
  readonly idle?: NodeJS.Timeout;
}

const keyOf = (platform: Platform, accountId: string): string => `${platform} ${accountId}`;

/** Before the first migration there is nobody to share with. */
const isMissing = (error: unknown): boolean =>
  ["42883", "42P01", "3F000"].includes((error as { code?: string }).code ?? "");

/** Requests under way over all processes: rows with a lease, a few statements a second however many requests there are. */
export const sharedPlaces = (pool: pg.Pool): Pick<SharedLimits, "place" | "close"> => {
  const holder = newHolder();
  const idle = new Map<string, Place[]>();
  const held = new Map<Platform, number>();
  let renewing: NodeJS.Timeout | undefined;

  const renew = (): void => {
    void pool
      .query(
        "update ops.place set held_until = clock_timestamp() + make_interval(secs => $2) where holder = $1",
        [holder, leaseSeconds],
      )
      .catch(() => undefined);
  };
  const count = (platform: Platform, change: 1 | -1): void => {
    const now = (held.get(platform) ?? 0) + change;
    if (now > 0) held.set(platform, now);
    else held.delete(platform);
    if (held.size === 0) {
      clearInterval(renewing);
      renewing = undefined;
    } else renewing ??= setInterval(renew, renewMs).unref();
  };

  const giveBack = async (place: Place): Promise<void> => {
    count(place.platform, -1);
    // Where the database is away its lease ends.
    await pool.query(often("delete from ops.place where place_id = $1", [place.id])).catch(() => undefined);
  };

  /** @param spare - a place of this process, given for the one that is taken */
  const take = async (
    platform: Platform,
    accountId: string,
    room: Room,
    spare: Place | undefined,
  ): Promise<Place | undefined> => {
    if (spare) count(platform, -1);
    const { rows } = await pool.query<{ id: string | null }>(
      often("select ops.take_place($1, $2, $3, $4, $5, $6, $7) as id", [
        platform,
        accountId,
        holder,
        room.platform,
        room.account,
        leaseSeconds,
        spare?.id ?? null,
      ]),
    );
    const id = rows[0]?.id ?? undefined;
    if (id === undefined) return undefined;
    count(platform, 1);
    return { id, platform, takenAt: spare?.takenAt ?? performance.now() };
  };

  /** Places of processes of this machine that have died. */
  const clear = async (platform: Platform): Promise<void> => {
    const { rows } = await pool.query<{ holder: string }>(
      "select distinct holder from ops.place where platform = $1",
      [platform],
    );
    const gone = rows.map((row) => row.holder).filter(isGone);
    if (gone.length > 0) await pool.query("delete from ops.place where holder = any ($1)", [gone]);
  };

  /** One of the platform that is kept for another account. */
  const spareOf = (platform: Platform): Place | undefined => {
    for (const places of idle.values())
      if (places[0]?.platform === platform) {
        const spare = places.shift();
        clearTimeout(spare?.idle);
        return spare;
      }
    return undefined;
  };

  const leave = (key: string, place: Place): void => {
    if (performance.now() - place.takenAt > heldMs) return void giveBack(place);
    const places = idle.get(key) ?? [];
    idle.set(key, places);
    const kept: Place = {
      ...place,
      idle: setTimeout(() => {
        places.splice(places.indexOf(kept), 1);
        void giveBack(kept);
      }, idleMs).unref(),
    };
    places.push(kept);
  };

  return {
    async place(platform, accountId, room, signal) {
      const key = keyOf(platform, accountId ?? "");
      const kept = idle.get(key)?.pop();
      if (kept) {
        clearTimeout(kept.idle);
        return () => leave(key, kept);
      }
      for (let look = 1; ; look += 1) {
        if (signal.aborted) throw interrupted(signal, platform);
        const spare = (held.get(platform) ?? 0) >= room.platform ? spareOf(platform) : undefined;
        const taking = take(platform, accountId ?? "", room, spare);
        try {
          const place = await unlessAborted(taking, signal, platform);
          if (place) return () => leave(key, place);
          if (look % 10 === 1) await unlessAborted(clear(platform), signal, platform);
        } catch (error) {
          if (isMissing(error)) return () => undefined;
          // It may be given all the same, to somebody who has gone.
          void taking.then(
            (place) => place && giveBack(place),
            () => undefined,
          );
          throw error;
        }
        await sleep(lookMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      }
    },
    async close() {
      clearInterval(renewing);
      for (const places of idle.values()) for (const place of places.splice(0)) clearTimeout(place.idle);
      if (held.size === 0) return;
      const left = pool.query("delete from ops.place where holder = $1", [holder]).catch(() => undefined);
      await Promise.race([left, sleep(closeMs, undefined, { ref: false })]);
    },
  };
};
