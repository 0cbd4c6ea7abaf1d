import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const scoringExplanation: Explanation = {
  view: "scoring",
  words: html`<p>
      A score says how well a query and a key match. <b>Additive</b> attention asks a small network; the
      <b>dot product</b> multiplies the vectors number by number and needs no weights of its own, which one
      matrix product does for all pairs at once.
    </p>
    <p>
      If the components of q and k are independent with variance 1, q·k has variance d_k. The longer the
      vectors, the farther the scores lie apart, and softmax gives nearly all weight to one key: its gradient
      vanishes and learning stops. Dividing by √d_k brings the variance back to 1.
    </p>
    <p>
      An operation is one multiplication, addition, comparison, division, exp or tanh; memory is what is held
      at once beside the inputs, in float32. Both axes are logarithmic: a straight line is a power.
    </p>`,
  formula: "Var(q·k) = d_k,  Var(q·k / √d_k) = 1",
  papers: [
    {
      text: "Bahdanau et al. 2015, additive attention, appendix A.1.2",
      url: "https://arxiv.org/abs/1409.0473",
    },
    {
      text: "Vaswani et al. 2017, the scale, § 3.2.1 and footnote 4",
      url: "https://arxiv.org/abs/1706.03762",
    },
    { text: "Child et al. 2019, Sparse Transformers", url: "https://arxiv.org/abs/1904.10509" },
    { text: "Beltagy et al. 2020, Longformer", url: "https://arxiv.org/abs/2004.05150" },
    { text: "Wang et al. 2020, Linformer: low rank", url: "https://arxiv.org/abs/2006.04768" },
  ],
};
