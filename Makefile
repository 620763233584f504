# `make X` is `./run X`; a machine without make uses ./run.
.PHONY: run club check test bench drill setup help backup restore
.DEFAULT_GOAL := help

run:
	@exec ./run demo

club check test bench drill setup help:
	@exec ./run $@

# `make restore FILE`: what follows is the file's name and not a goal of its own.
ifneq ($(filter backup restore,$(firstword $(MAKECMDGOALS))),)
FILE := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
ifneq ($(FILE),)
.PHONY: $(FILE)
$(FILE):
	@:
endif
endif

backup restore:
	@exec ./run $@ $(FILE)
