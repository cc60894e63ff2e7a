"""Builds and runs the programs of tests/api/consumer with the package."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class FerruleTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder=os.path.join("..", "..", "..", "tests", "api", "consumer"))
        cmake.build()

    def test(self):
        if can_run(self):
            for program in ("consumer", "consumer_sim"):
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")
