"""What the demo club teaches: eleven classes and five homeworks, short and true."""

from __future__ import annotations

#: (title, level, what happens)
CLASSES = [
    ("What learning is", "fundamental", "Data, models, loss. Vectors and matrices as we need them."),
    (
        "Classical machine learning",
        "fundamental",
        "Linear and logistic regression, trees, nearest neighbours.",
    ),
    ("Gradient descent", "fundamental", "Step sizes, batches, and why noise helps."),
    ("Backpropagation", "fundamental", "The chain rule on a graph, by hand and in 40 lines."),
    ("Regularisation", "fundamental", "Overfitting, weight decay, dropout, early stopping."),
    ("Convolutions", "modern", "Weight sharing, receptive fields, pooling."),
    ("Computer vision", "modern", "Detection, segmentation, and pretrained backbones."),
    ("Attention", "modern", "Queries, keys, values; the transformer block."),
    ("Language models", "modern", "Tokens, pretraining, fine-tuning, sampling."),
    ("Reinforcement learning", "research", "Returns, policy gradients, and what goes wrong."),
    ("Generative models", "research", "Variational autoencoders, diffusion, flow matching."),
]

#: (title, opens with class, due with class, specification, reading of the code)
HOMEWORKS = [
    (
        "Vectors, by hand",
        1,
        2,
        "Write the dot product, the norm and the matrix product without a library, then with one.\n\n"
        "Show that $\\lVert x + y \\rVert \\le \\lVert x \\rVert + \\lVert y \\rVert$ on a thousand random pairs, and say "
        "in one sentence when both sides are equal.",
        [
            "import numpy as np\nrng = np.random.default_rng(0)",
            "def dot(x, y):\n    return sum(a * b for a, b in zip(x, y))",
        ],
    ),
    (
        "Regression on the tide gauge",
        2,
        4,
        "Fit a line to the tide-gauge readings by gradient descent on\n\n"
        "$$L(w, b) = \\frac{1}{n} \\sum_{i=1}^{n} (w x_i + b - y_i)^2.$$\n\n"
        "Plot the loss for three step sizes. One of them should diverge; say why.",
        [
            "def step(w, b, x, y, rate):\n    error = w * x + b - y\n    return w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()"
        ],
    ),
    (
        "The chain rule by hand",
        4,
        6,
        "Write $f(x) = \\tanh(wx + b)$ as a graph of three nodes and push the derivative back through each. "
        "Your gradient check must stay below $10^{-6}$.",
        [
            "class Tanh:\n    def forward(self, x):\n        self.y = np.tanh(x)\n        return self.y\n\n"
            "    def backward(self, grad):\n        return grad * (1 - self.y ** 2)",
            "error = gradient_check(net, x, y, eps=1e-2)\nprint(f'largest relative error: {error:.2e}')",
        ],
    ),
    (
        "How not to memorise",
        6,
        8,
        "Make a network learn every label by heart, wrong ones included. Then stop it in four ways: weight decay, "
        "dropout, early stopping, augmentation. One figure for each.\n\n"
        "$$L_\\lambda(\\theta) = \\frac{1}{n} \\sum_{i=1}^{n} \\ell(f_\\theta(x_i), y_i) + \\lambda \\lVert \\theta \\rVert^2$$",
        ["net = Net(width=512)\nhistory = train(net, data, epochs=80, weight_decay=1e-4)"],
    ),
    (
        "Attention from scratch",
        8,
        10,
        "Build one attention head: $\\mathrm{softmax}(QK^\\top / \\sqrt{d})\\,V$. Mask the future, and show that a "
        "shuffled sequence changes nothing but the order of the answers.",
        ["scores = q @ k.T / np.sqrt(k.shape[-1])\nweights = softmax(scores + mask)"],
    ),
]

CRITERIA = [
    ("It works", "Runs from top to bottom and answers what was asked."),
    ("The idea is understood", "Says in words why it works, not only that it does."),
    ("Code others can read", "Names, shapes in comments, no dead cells."),
]

PRAISE = [
    "All of it works, and the explanation is clear. Next time label the axes.",
    "A clean piece of work. Look at the vectorised version in the notes when you have ten minutes.",
    "Good. Your plot already shows the answer to question 3; say so in a sentence.",
    "Done. I liked that you checked the edge cases before I could ask.",
]
RETURNS = [
    "Nearly there: shrink eps in the gradient check, and say where you would stop training.",
    "The second half is missing its figure. Everything before it is right.",
]
REMARKS = [
    "Three in a thousand is large for a correct gradient. Try `eps=1e-5`: was it your derivative or your ruler?",
    "Good curve. Say in one sentence where you would stop, and why there.",
    "This loop can be one line with `np.dot`. Is it faster?",
]

#: What is presented: title, year, arXiv number. The papers are real; nobody's name stands here.
PAPERS = [
    ("Attention Is All You Need", 2017, "1706.03762"),
    ("Deep Residual Learning for Image Recognition", 2015, "1512.03385"),
    ("Adam: A Method for Stochastic Optimization", 2014, "1412.6980"),
    ("Batch Normalization", 2015, "1502.03167"),
    ("Playing Atari with Deep Reinforcement Learning", 2013, "1312.5602"),
    ("Generative Adversarial Networks", 2014, "1406.2661"),
    ("Denoising Diffusion Probabilistic Models", 2020, "2006.11239"),
    ("An Image is Worth 16x16 Words", 2020, "2010.11929"),
    ("BERT: Pre-training of Deep Bidirectional Transformers", 2018, "1810.04805"),
    ("Proximal Policy Optimization Algorithms", 2017, "1707.06347"),
    ("Auto-Encoding Variational Bayes", 2013, "1312.6114"),
    ("U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, "1505.04597"),
]
