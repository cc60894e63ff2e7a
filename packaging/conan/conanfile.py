"""The Conan 2 recipe: conan create packaging/conan. It packages the source that contains it."""

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.microsoft import is_msvc

required_conan_version = ">=2.0"


class FerruleConan(ConanFile):
    name = "ferrule"
    description = "Rust's std::net for C: one behaviour over POSIX and Winsock sockets"
    license = "MIT OR Apache-2.0"
    topics = ("network", "sockets", "tcp", "udp")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    languages = "C"

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "ferrule", "version.h"))
        self.version = re.search(r'FER_VERSION_TEXT "(.*)"', header).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE-*", "*.md", "cmake/*", "core/*", "docs/*",
                        "examples/*", "include/*", "platform/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        kind = "shared" if self.options.shared else "static"
        toolchain.cache_variables["FERRULE_INSTALL_KINDS"] = f"{kind};sim"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE-*", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan makes its own files for find_package and pkg-config.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        kind = "shared" if self.options.shared else "static"
        library = self.cpp_info.components["ferrule"]
        library.libs = ["ferrule_static" if is_msvc(self) and kind == "static" else "ferrule"]
        library.set_property("cmake_target_name", "ferrule::ferrule")
        library.set_property("cmake_target_aliases", [f"ferrule::{kind}"])
        library.set_property("pkg_config_name", "ferrule")
        if self.settings.os == "Windows":
            library.system_libs = ["ws2_32"]
        else:
            library.system_libs = ["pthread"]
        # The same functions over the simulated network; never together with the other.
        sim = self.cpp_info.components["sim"]
        sim.libs = ["ferrule_sim"]
        sim.set_property("cmake_target_name", "ferrule::sim")
        sim.set_property("pkg_config_name", "ferrule-sim")
