import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const maskExplanation: Explanation = {
  view: "mask",
  words: html`<p>
    A mask says which keys a query may look at. It is added to the scores before softmax: 0 where a key is
    visible, −∞ where it is not, so that a hidden key's weight is exactly 0. A <b>causal</b> mask hides what
    comes later, so that a model can learn to predict it; a <b>padding</b> mask hides filling tokens; a
    <b>sliding window</b> hides what is far away, so that long texts stay affordable. A head without a mask is
    called bidirectional.
  </p>`,
  formula: "weights = softmax(scores + mask), mask ∈ {0, −∞}",
  papers: [
    {
      text: "Vaswani et al. 2017, Attention Is All You Need, § 3.2.3",
      url: "https://arxiv.org/abs/1706.03762",
    },
    {
      text: "Beltagy et al. 2020, Longformer: sliding windows, § 3.1",
      url: "https://arxiv.org/abs/2004.05150",
    },
  ],
};
