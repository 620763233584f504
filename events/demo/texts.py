"""What the demo club's events are called and say. All of it is invented."""

from __future__ import annotations

from events.models import Kind

MEETINGS = (
    "First evening of the term", "Robots that ask for help", "What our teams did over the summer",
    "Weather models on a laptop", "Lightning talks", "Measuring what a model knows",
    "Half-time: ten projects in ten minutes each", "Speech for small languages", "The ethics of a dataset we made",
    "From a capstone to a company", "How our reading groups choose papers", "Learning from sonar",
    "Elections and cake", "Maps from satellite pictures", "Ask the alumni", "Compilers for tensors",
    "Open questions night", "Teaching machines to read music", "A year of failed experiments",
    "Privacy you can prove", "What we taught in schools", "Models of the tide", "Small data, large claims",
    "Last evening of the term",
)  # fmt: skip
PAPERS = (
    "Consistency models", "Scaling laws, revisited", "State spaces instead of attention", "Flow matching in an hour",
    "Why double descent", "Retrieval that knows when to stop", "Diffusion on graphs", "The lottery ticket, ten years on",
    "World models for cheap robots", "Calibration after fine-tuning", "Attention as a kernel", "Learned optimisers",
    "Implicit layers", "Contrastive losses compared", "Offline reinforcement learning", "Tokenisers matter",
    "Mixture of experts, small", "Neural operators", "Speech without transcripts", "Pruning while training",
)  # fmt: skip
BOOK = (
    "Chapter 1: What learning means", "Chapter 2: Linear models, slowly", "Chapter 3: Probability we use",
    "Chapter 4: Gradients by hand", "Chapter 5: Kernels", "Chapter 6: Trees and forests",
    "Chapter 7: Networks as functions", "Chapter 8: Convolutions", "Chapter 9: Sequences", "Chapter 10: Evaluation",
)  # fmt: skip
RESEARCH = (
    "Does the prior survive a new vocabulary?", "Tidepool: plans for the term", "What we can measure with one GPU",
    "Reading each other’s drafts", "Negative results, told well", "Next steps and who takes them",
    "Baselines before ideas", "A visit from the robotics lab", "Writing the related work together",
)  # fmt: skip
WORKSHOPS = (
    "Notebooks that others can run", "Your first fine-tune", "Plots that do not lie", "Version control for experiments",
    "A small server for a small model", "Profiling: where the time goes", "Labelling data as a team",
    "Reading a paper in forty minutes", "Shell for people who click", "Typing and testing research code",
)  # fmt: skip
SOCIALS = (
    "Board games and soup", "Walk along the breakwater", "Film: the one with the chess machine", "Pancakes at midnight",
    "Table tennis, doubles", "Farewell to the graduates", "Karaoke with beam search", "Picnic, weather permitting",
)  # fmt: skip
INFO = ("What the club is, in half an hour", "How to join: questions and answers")
COURSE = (
    "A line through points", "Two classes and a boundary", "Descent on paper", "Trees you can draw",
    "Neighbours", "A network with five neurons", "Pictures as numbers", "Words as numbers", "Mistakes and what they cost",
    "Your own small project",
)  # fmt: skip
SHOWCASE = ("Showcase of the capstones",)
SYMPOSIUM = ("Student symposium on learning machines",)
FAIR = ("Career fair",)

SUMMARIES: dict[str, str] = {
    Kind.MEETING: "Everybody in one room: news, a talk, and time to talk to each other.",
    Kind.READING_GROUP: "One text, read beforehand; somebody presents, everybody asks.",
    Kind.RESEARCH: "Where the research teams say what they found and where they are stuck.",
    Kind.WORKSHOP: "Two hours, hands on. You leave with something that runs.",
    Kind.SOCIAL: "No slides.",
    Kind.INFO_SESSION: "For everybody who wonders whether to join. You need not sign up.",
    Kind.STUDY_GROUP: "The open course: no programming needed to begin.",
    Kind.SHOWCASE: "Every team shows what it made. Guests are welcome.",
    Kind.OTHER: "A day for the whole campus.",
}
DESCRIPTIONS: dict[str, str] = {
    Kind.MEETING: "Doors open a quarter of an hour before. Step-free; induction loop in the front rows.\n\n"
    "1. News from the teams, ten minutes\n2. The talk, forty minutes\n3. Questions, then tea",
    Kind.READING_GROUP: "Read the text before you come; half of it is fine. The presenter has fifteen minutes, "
    "the rest is questions.",
    Kind.WORKSHOP: "- Bring a laptop with 8 GB of memory; six lab machines are there if yours is smaller.\n"
    "- Run `make check` in the workshop’s repository once. It takes four minutes.\n\nWe work in pairs.",
    Kind.SOCIAL: "Bring something to share if you can. Tell the hosts what you cannot eat.",
    Kind.INFO_SESSION: "What we do, what a term looks like, how to apply, and what we look for.",
    Kind.STUDY_GROUP: "Paper, pencil, and a notebook at the end. Each evening stands on its own.",
}
#: Guest speakers, 26 over four terms.
GUESTS = (
    "Orla Venn (Saltgrass Robotics)", "Tomas Ruiz-Kade (Harbour University)", "Mirela Anstrom (Northlight Weather)",
    "Dagny Okoro", "Pell Marchetti (Cinder Speech Lab)", "Sunniva Hale (Fathom Sonar)", "Iker Brandt (Lumen Compilers)",
    "Noor Castellan", "Wren Adeyemi-Falk (Tessellate Maps)", "Jonas Quill (Harbour University)", "Amara Lindqvist",
    "Casimir Doyle (Kestrel Privacy)", "Yuna Pereira-Strand", "Silas Moreau (Tidal Data)", "Henrike Osei",
    "Lior Vandermeer (Quiet Instruments)", "Petra Nakagawa-Bell", "Emeka Sorensen (Marlow Institute)", "Talia Frost",
    "Ruben Achterberg (Saltgrass Robotics)", "Ines Halloran", "Goro Whitfield (Harbour University)", "Zofia Lamar",
    "Bastian Oyelaran (Driftwood Games)", "Maeve Tarkhan", "Cyrus Holm (Northlight Weather)",
)  # fmt: skip
GIVEN = (
    "Alva",
    "Bruno",
    "Cleo",
    "Darya",
    "Elio",
    "Freya",
    "Gita",
    "Hugo",
    "Imani",
    "Joris",
    "Kaya",
    "Leif",
    "Mina",
)
FAMILY = (
    "Abara",
    "Bexley",
    "Corvin",
    "Dresner",
    "Eastman",
    "Farrow",
    "Grieg",
    "Hollis",
    "Ivers",
    "Jansky",
    "Kell",
)
REASONS = ("An exam was moved.", "I am ill.", "Too much at once this week.", "I have to work.")
NOTES = (
    "Vegan",
    "No nuts, please",
    "I come by wheelchair; a place at the end of a row helps",
    "No pork",
    "Coeliac",
)
