import { randomBytes } from "node:crypto";
import { chance } from "../pattern.ts";
import type { AskedReport } from "./report.ts";

/** A report that was asked for. */
export interface Job {
  readonly id: string;
  readonly user: string;
  readonly customerId: string;
  readonly asked: AskedReport;
  readonly submittedAt: number;
  /** Polls that still answer Pending. */
  pending: number;
  done: boolean;
}

const dayMs = 86_400_000;
const linkMs = 300_000;
/** A report that nobody asks about is ready by then, and no longer open. */
const readyMs = 3_000;

/** Reports under way, and the links to those that are done. */
export const createJobs = (clock: () => Date, seed: string) => {
  const jobs = new Map<string, Job>();
  const links = new Map<string, { readonly job: Job; readonly until: number }>();
  let last = 30_000_000_000_000_000n;
  const now = () => clock().getTime();

  return {
    open: (customerId: string): number =>
      [...jobs.values()].filter(
        (job) => job.customerId === customerId && !job.done && now() - job.submittedAt < readyMs,
      ).length,
    add(user: string, customerId: string, asked: AskedReport, polls: number | undefined): string {
      const id = String((last += 1n));
      const pending = polls ?? (chance(seed, id) < 0.3 ? 1 : 0);
      jobs.set(id, { id, user, customerId, asked, submittedAt: now(), pending, done: false });
      return id;
    },
    get: (id: string): Job | undefined => jobs.get(id),
    isStale: (job: Job): boolean => now() - job.submittedAt > dayMs,
    /** A link that serves for five minutes. */
    link(job: Job): string {
      const signature = randomBytes(12).toString("hex");
      links.set(signature, { job, until: now() + linkMs });
      return `/ReportDownload/Download.aspx?q=${job.id}&sig=${signature}`;
    },
    /** The report behind a link; undefined once the link has expired. */
    behind(signature: string): Job | undefined {
      const link = links.get(signature);
      return link && link.until > now() ? link.job : undefined;
    },
    finishAll(): void {
      for (const job of jobs.values()) job.pending = 0;
    },
  };
};
