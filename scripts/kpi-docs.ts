import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kpiDocs } from "../src/metrics/kpi/docs.ts";

// `npm run docs:kpis`; a test tells when it is due.
writeFileSync(join(import.meta.dirname, "..", "docs", "kpis.md"), kpiDocs());
