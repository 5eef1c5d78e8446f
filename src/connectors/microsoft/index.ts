import type { OpenConnector } from "../connector.ts";
import { createMicrosoft } from "./connector.ts";
import type { MicrosoftSettings } from "./settings.ts";

const openMicrosoft: OpenConnector<MicrosoftSettings> = (settings, context) =>
  createMicrosoft(settings, context);

export default openMicrosoft;
