import { html } from "lit-html";
import type { Explanation } from "../../parts/explanation";

export const generationExplanation: Explanation = {
  view: "generate",
  words: html`<p>
      A causal model gives each token that could come next a probability. Greedy decoding takes the most
      likely one, puts it behind the text, and asks again. A token is written by the row of the token before
      it: that row's attention gathered what the prediction was made from; the token's own row is at work when
      the next one is predicted. Attention shows where information came from, not by itself why a token was
      chosen.
    </p>
    <p>
      Each layer adds to one running sum, the <b>residual stream</b>. The <b>logit lens</b> takes the sum
      after a layer, applies the model's last norm and its unembedding to it, as if the layers above were not
      there, and shows the token that would be predicted. The last row is the model's own prediction. Early
      layers need not speak the language of the last one: what the lens shows there is a reading, not a
      belief.
    </p>`,
  formula: "p_l(· | x_≤t) = softmax(W_U · norm(h_l,t)),  h_l = h_(l−1) + attention_l + mlp_l",
  papers: [
    {
      text: "nostalgebraist 2020, interpreting GPT: the logit lens",
      url: "https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens",
    },
    {
      text: "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits: the residual stream",
      url: "https://transformer-circuits.pub/2021/framework/index.html",
    },
    {
      text: "Belrose et al. 2023, the tuned lens: where the logit lens fails",
      url: "https://arxiv.org/abs/2303.08112",
    },
  ],
};
