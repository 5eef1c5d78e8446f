import { registerPlatform } from "../../../src/connectors/registry.ts";
import { pigeon } from "./platform.ts";

// Imported by a test, or ahead of the command line: `node --import register.ts src/cli.ts`.
registerPlatform(pigeon, () => import("./connector.ts"));
