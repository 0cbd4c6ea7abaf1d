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
      The outputs of all heads stand side by side and are multiplied with <b>W_O</b>; since every head meets
      rows of its own, the result is a sum with one part for each head. It is added to the
      <b>residual stream</b>, the vector that every layer reads from and adds to: a long part changes it much,
      and the cosine says whether it goes the way of the sum of heads or of the stream as it was.
    </p>
    <p>
      All numbers are of this run. What is computed here from the model's own vectors carries a mark with the
      largest difference from what the model itself computed.
    </p>`,
  formula: "x + Σ_h softmax(Q_h K_hᵀ / √d_k + mask) V_h W_O,h",
  papers: [
    {
      text: "Vaswani et al. 2017, Attention Is All You Need, eq. 1 and § 3.2",
      url: "https://arxiv.org/abs/1706.03762",
    },
  ],
};
