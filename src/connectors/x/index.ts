import type { OpenConnector } from "../connector.ts";
import { createX } from "./connector.ts";
import type { XSettings } from "./settings.ts";

const openX: OpenConnector<XSettings> = (settings, context) => createX(settings, context);

export default openX;
