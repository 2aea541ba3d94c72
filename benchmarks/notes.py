"""What each section is called, and what a reader of its table must know of it."""

TITLES = {
    "startup": "Starting up",
    "job": "The main job",
    "peers": "The same work in other tools",
    "scale": "Larger tables",
    "torch": "A network",
    "serving": "Serving",
    "containers": "Containers",
    "images": "Images",
    "drift": "Monitoring",
    "batch": "Batch prediction",
}

NOTES = {
    "startup": (
        "The budget charges each moment to the innermost import, call or step that the main thread "
        "is in, so that nothing is counted twice; the clock itself takes a little. What took less "
        "than 0.1 s is told together. Empty stores of ZenML's and MLflow's are there to be copied."
    ),
    "peers": (
        "The same five functions (load, split, fit, evaluate, save) on 20,000 rows, to the same "
        "score bit for bit, each called in the smallest program that its tool's own documentation "
        "leads to; a fresh store in every round, telemetry off. Naive ZenML and ours are the very "
        "same pipeline, called plainly on the default stack, and as `run.py` calls its own on "
        "`stacks/local.yaml`; both in the environment that has all of requirements.txt, the others "
        "in environments with nothing else. What is done again is held against naive ZenML from "
        "nothing; a new table in a store that is there, against naive ZenML in such a one. Dagster "
        "materialises in one process and skips nothing "
        "by itself, Kedro runs without a project, Metaflow starts a process a step. The steps of "
        "the second table add one to a number, in a store that is there and none from a cache, "
        "once each: the line through three points gives what a step more costs, and what all begin "
        "with."
    ),
    "scale": (
        "Thirty columns, a third of them categories, from Parquet; each stage in a process of its "
        "own, CPU and wall without its start, the most memory it held with it. The memory of the "
        "imports alone is in the column after it. What loads, validates, splits and evaluates has "
        "parts of the table, a profile a column, and monitoring parts of a window; a fit has its "
        "rows in 32 bits. Bytes a row are what each row more takes than in the next smaller table. "
        "Tables of more than 100,000 rows are measured once."
    ),
    "torch": (
        "100,000 rows of thirty columns, ten epochs in batches of 1,024, the same layers, "
        "optimiser and share of rows held out, one thread, without imports. All prepare the rows "
        "once. Ours is deterministic, takes its batches by `index_select`, has its preparation in "
        "the model and shows it unseen categories. `--device cuda` trains all three "
        "on a GPU, in full precision."
    ),
    "job": (
        "CPU with all child processes and the server that is left behind. All arms train the "
        "demo's candidates, cut short (`benchmarks/job.yaml`), to the same model bit for bit. The "
        "naive peer is the same functions as plain steps on the default stack, without registry, "
        "champion or deployment: ours does more. There are two kinds of cached run. With "
        "`--force` ZenML runs and answers every training step from its cache; only the champion "
        "is asked for anew, and the deployment's four steps run. Without it, where nothing has "
        "changed, the run record answers and ZenML is not even imported."
    ),
    "serving": (
        "The same LogisticRegression over 30 columns, one worker on one core, the client on "
        "another, the same rows and probabilities. Ours checks every column by its name, answers "
        "from ONNX, logs each prediction and ships the log meanwhile. The peers are asked as "
        "suits them best, with bare numbers where they take them, in environments of their own."
    ),
    "containers": (
        "One image for all. Counted from the container's start, as Docker tells it; the bare run "
        "imports what a step of ZenML's own has imported by its first line, and does nothing "
        "else. On our stacks a step imports no framework that it does not use. The last "
        "column begins with a changed file and the client's start, and ends with the first line "
        "of the first of three steps: no image is built, the code goes through the artifact store."
    ),
    "images": (
        "Built once each, from nothing, over the same base; naive is ZenML's `DockerSettings` "
        "with requirements.txt. Ours holds compiled bytecode, theirs none. The package index's "
        "own torch for Linux brings CUDA."
    ),
    "drift": (
        "Thirty columns of known distributions against a reference of 20,000 rows; a shifted "
        "window moves twelve of them at once, each as its line says, and the missing shares from "
        "5%. Ours are `run.py monitor`'s defaults, Evidently's those of DataDriftPreset; it judges "
        "fewer of the same windows, because each takes it seconds. The verdict is timed in a "
        "process of its own, from its start, on a window that is shifted in the same way. Ours has "
        "a stored profile of as many training rows, Evidently those rows; from the log ours also "
        "decompresses and decodes what servers shipped. The report that goes with every verdict is "
        "our own page. Evidently's, on a sample, is drawn where something was found, by a process "
        "beside the verdict that begins as soon as the rows so far are a drift; the memory is that "
        "of both."
    ),
    "batch": (
        "Thirty columns, from Parquet to Parquet, one thread, the same labels. Ours reads, checks "
        "and predicts 100,000 rows at a time, keeps the ids and can be interrupted; scikit-learn "
        "has the whole table in memory. The larger tables are measured once."
    ),
}
