// The words of the login, and whether the last token was wrong. The form itself works without this.

import { loadWords } from "./words.js";

await loadWords();
document.getElementById("wrong").hidden = !location.search.includes("wrong");
