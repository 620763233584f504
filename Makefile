# `make X` is `./run X`; a machine without make uses ./run.
.PHONY: run club manage test check bench drill backup restore setup help
.DEFAULT_GOAL := help

# `make restore FILE` and `make manage CMD`: the words after the verb are its arguments.
ARGS ?= $(filter-out $@,$(MAKECMDGOALS))

run:
	@exec ./run demo

club check test bench drill setup help:
	@exec ./run $@

backup:
	@exec ./run backup $(ARGS)

restore manage:
	@exec ./run $@ $(ARGS)

# A file or a command after `restore`, `backup` or `manage` is not a goal of its own.
ifneq ($(filter restore backup manage,$(firstword $(MAKECMDGOALS))),)
ifneq ($(ARGS),)
.PHONY: $(ARGS)
$(ARGS):
	@:
endif
endif
