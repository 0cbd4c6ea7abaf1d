import "./activation.test";
