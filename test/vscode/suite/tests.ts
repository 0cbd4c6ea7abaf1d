import "./inspection.test";
import "./following.test";
import "./documents.test";
import "./hovers.test";
import "./comparing.test";
import "./badInput.test";
import "./settings.test";
import "./worker.test";
