import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import { jsonSchema } from "./json-schema.ts";

// `npm run schema`; a test tells when it is due.
const file = join(packageRoot, "costper.schema.json");
writeFileSync(file, `${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
