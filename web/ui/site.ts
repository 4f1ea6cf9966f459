// Makes pages that work without script a little better: nothing here is needed.
import { enhanceEditors } from "./editor";
import { showLocalTimes } from "./time";

showLocalTimes(document);
enhanceEditors(document);
