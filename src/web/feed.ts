import type { FastifyInstance } from "fastify";
import type { Kysely } from "kysely";
import * as z from "zod";
import type { DB } from "../warehouse/schema.ts";
import { breakdownQuery } from "./api/breakdown.ts";
import { breakdownCsv } from "./api/csv.ts";

/** The guard has taken the token already; it is no part of what is asked for. */
const feedQuery = breakdownQuery.extend({ token: z.string() });

/**
 * `/feed/breakdown.csv`: the breakdown for programs that can send an address and nothing else, such as IMPORTDATA of
 * Google Sheets. It takes a token of its own kind, which opens nothing else.
 */
export const feedRoutes = (app: FastifyInstance, downloads: Kysely<DB>): void => {
  app.get("/breakdown.csv", async ({ query }, reply) => {
    const { token: _token, ...asked } = feedQuery.parse(query);
    return reply
      .header("cache-control", "private, no-store")
      .header("referrer-policy", "no-referrer")
      .type("text/csv; charset=utf-8")
      .send(breakdownCsv(downloads, asked));
  });
};
