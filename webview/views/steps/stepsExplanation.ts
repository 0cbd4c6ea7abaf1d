import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const stepsExplanation: Explanation = {
  view: "steps",
  words: html`<p>
      Every token asks and every token answers: its <b>query</b> vector is multiplied with the
      <b>key</b> vector of each token it may see. A large product means a good match. The products are scaled,
      masked, and turned by <b>softmax</b> into weights that are positive and sum to 1; the head's output is
      the sum of the <b>value</b> vectors, each counted by its weight.
    </p>
    <p>
      All numbers are of this run. What is computed here from the model's own vectors carries a mark with the
      largest difference from what the model itself computed.
    </p>`,
  formula: "Attention(Q, K, V) = softmax(Q Kᵀ / √d_k + mask) · V",
  papers: [
    {
      text: "Vaswani et al. 2017, Attention Is All You Need, eq. 1 and § 3.2",
      url: "https://arxiv.org/abs/1706.03762",
    },
  ],
};
